// SPDX-License-Identifier: Apache-2.0

public import WeirProtobuf
public import WeirServer

/// `grpc.health.v1.Health`: tells load balancers and probes which services serve.
///
/// ```swift
/// let health = HealthService()
/// let server = Server(services: [greeter, health], logger: logger)
/// health.setStatus(.notServing, for: "demo.Greeter")
/// ```
///
/// The server as a whole (the empty name) and every service of the server are serving until told otherwise. When the server
/// drains, all of them are not serving, before any client is told to go away, and watches end with UNAVAILABLE; what is set
/// after that has no effect.
///
/// Watches are conflated: a client that reads slowly gets the newest status and none that came between. Each costs one slot.
///
/// Source: gRPC health checking protocol (`doc/health-checking.md`), gRFC A90 (List).
public struct HealthService: AttachedService {
    private let registry: HealthRegistry

    /// Most watches at a time, unless told otherwise; one more is refused with RESOURCE_EXHAUSTED.
    public static var maximumWatches: Int { 4096 }
    /// Longest name that can be watched, in bytes of UTF-8; a longer one is refused with INVALID_ARGUMENT.
    public static var maximumNameBytes: Int { 1024 }
    /// Most services that List names; with more of them it answers RESOURCE_EXHAUSTED.
    public static var maximumListed: Int { 1000 }

    /// Makes a service of which everything is serving.
    public init(maximumWatches: Int = Self.maximumWatches) {
        registry = HealthRegistry(maximumWatches: maximumWatches)
    }

    /// Sets the status of a service, or of the server as a whole with an empty name.
    ///
    /// From any thread; does not wait for anybody.
    public func setStatus(_ status: HealthStatus, for service: String = "") {
        registry.set(status, for: service)
    }

    /// Forgets a service: Check answers NOT_FOUND, and who watches it is told SERVICE_UNKNOWN.
    public func clearStatus(for service: String) {
        registry.set(nil, for: service)
    }

    /// The status of a service, as Check answers it; nil when it is not known.
    public func status(of service: String = "") -> HealthStatus? { registry.status(of: service) }

    /// Watches that are open at the moment.
    public var watchCount: Int { registry.watchCount }

    // MARK: - As a service

    /// Registers Check, List and Watch.
    public func register(with router: inout Router) {
        HealthMethods(registry: registry).register(with: &router)
    }

    /// The file that declares the service.
    public static var fileDescriptors: [ProtobufFileDescriptor] { HealthMethods.fileDescriptors }

    /// The server's services are serving, unless something else was set for them.
    public func attach(to server: AttachedServer) {
        registry.adopt(server.serviceNames)
    }

    /// Everything is not serving from now on.
    public func serverWillDrain() {
        registry.drain()
    }
}
