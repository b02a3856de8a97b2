// SPDX-License-Identifier: Apache-2.0

/// Whether a service serves (`grpc.health.v1.HealthCheckResponse.ServingStatus`).
public enum HealthStatus: Sendable, Hashable, CaseIterable {
    /// Calls are welcome.
    case serving
    /// Calls should go elsewhere.
    case notServing
    /// Nothing is known.
    case unknown
}

extension HealthStatus {
    var response: Grpc_Health_V1_HealthCheckResponse {
        switch self {
        case .serving: Grpc_Health_V1_HealthCheckResponse(.serving)
        case .notServing: Grpc_Health_V1_HealthCheckResponse(.notServing)
        case .unknown: Grpc_Health_V1_HealthCheckResponse(.unknown)
        }
    }
}

extension Grpc_Health_V1_HealthCheckResponse {
    init(_ status: ServingStatus) {
        self.init()
        self.status = status
    }
}
