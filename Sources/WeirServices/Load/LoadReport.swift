// SPDX-License-Identifier: Apache-2.0

/// How loaded a server is, for clients that balance by it (`xds.data.orca.v3.OrcaLoadReport`).
///
/// Values that cannot be are left out of what is sent: negative ones, those that are no numbers, and a memory or resource
/// utilization above 1.
///
/// Source: Open Request Cost Aggregation, gRFC A51.
public struct LoadReport: Sendable, Hashable {
    /// The part of the available processor time that is used; above 1 beyond a soft limit.
    public var cpuUtilization: Double?
    /// The part of the available memory that is used, 0 to 1.
    public var memoryUtilization: Double?
    /// The part of what the application can do that is used; above 1 beyond a soft limit.
    public var applicationUtilization: Double?
    /// Requests per second.
    public var requestsPerSecond: Double?
    /// Errors per second.
    public var errorsPerSecond: Double?
    /// What this request cost, in units of the application's own.
    public var requestCost: [String: Double] = [:]
    /// The part of other resources that is used, 0 to 1.
    public var utilization: [String: Double] = [:]
    /// Anything else.
    public var namedMetrics: [String: Double] = [:]

    /// Makes a report that says nothing.
    public init() {}
}

extension LoadReport {
    var message: Xds_Data_Orca_V3_OrcaLoadReport {
        var message = Xds_Data_Orca_V3_OrcaLoadReport()
        message.cpuUtilization = Self.positive(cpuUtilization)
        message.memUtilization = Self.positive(memoryUtilization, most: 1)
        message.applicationUtilization = Self.positive(applicationUtilization)
        message.rpsFractional = Self.positive(requestsPerSecond)
        message.eps = Self.positive(errorsPerSecond)
        message.requestCost = requestCost.filter { $0.value.isFinite }
        message.utilization = utilization.filter { (0...1).contains($0.value) }
        message.namedMetrics = namedMetrics.filter { $0.value.isFinite }
        return message
    }

    /// The value if it can be, else 0, which says nothing.
    private static func positive(_ value: Double?, most: Double = .greatestFiniteMagnitude) -> Double {
        guard let value, value >= 0, value <= most else { return 0 }
        return value
    }
}
