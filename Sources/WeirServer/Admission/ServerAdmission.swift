// SPDX-License-Identifier: Apache-2.0

public import WeirBackpressure

/// Which calls of a server run, which wait and which are turned away: a chain of policies for all calls, for those of a
/// service, and for those of a method.
///
/// ```swift
/// let server = Server(
///     services: [Bank()],
///     admission: ServerAdmission(
///         .standard(cores: System.coreCount),
///         methods: ["/bank.Transfers/Report": AdmissionChain(limits: [ConcurrencyLimit(4)])]),
///     logger: logger)
/// ```
///
/// A call passes all chains that concern it, the narrowest first: the method's, the service's, the server's. So a call that
/// waits for its method's limit holds none of the server's places. What an earlier chain gave goes back when a later one says
/// no, tokens included. A call of one request message is asked about when that message is there whole, so that a client that
/// trickles holds no place; a call whose request is a stream, when its header fields are there.
///
/// A call that is turned away never becomes a task. It is answered with trailers alone: the status of
/// ``WeirBackpressure/RejectionReason/code``, `grpc-retry-pushback-ms` (gRFC A6), ErrorInfo and RetryInfo. A call that waits
/// has no task either, and is forgotten when its client goes away or its deadline passes.
///
/// Chains that are declared in ``ServerConfiguration/admission`` come in addition.
public struct ServerAdmission: Sendable {
    /// What all calls pass, except those of ``exemptServices``.
    public var server: AdmissionChain?
    /// What calls of a service pass, by the service's full name.
    public var services: [String: AdmissionChain]
    /// What calls of a method pass, by its path (`/package.Service/Method`).
    public var methods: [String: AdmissionChain]
    /// Services whose calls do not pass the server's chain: an overloaded server must still answer who asks for its health.
    ///
    /// Default: health, reflection, channelz and load reports. A chain of their own holds for them all the same.
    public var exemptServices: Set<String> = [
        "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
        "grpc.channelz.v1.Channelz", "xds.service.orca.v3.OpenRcaService",
    ]
    /// The metadata in which a client says how much its call matters: `low`, `normal`, `high` or `critical`.
    public var priorityName = "weir-priority"
    /// The highest priority that a client can claim; what it asks beyond counts as this.
    public var priorityCeiling = CallPriority.high
    /// Takes the events of the chains that ``ServerConfiguration/admission`` declares; those made in code have their own.
    public var observer: (any PolicyObserver)?

    /// Makes an admission of these chains.
    public init(
        _ server: AdmissionChain? = nil, services: [String: AdmissionChain] = [:],
        methods: [String: AdmissionChain] = [:], observer: (any PolicyObserver)? = nil
    ) {
        self.server = server
        self.services = services
        self.methods = methods
        self.observer = observer
    }

    /// What is wrong, given what is served; nil when nothing is.
    func problem(servedPaths: Set<String>, services served: Set<String>) -> String? {
        if let name = services.keys.filter({ !served.contains($0) }).min() {
            return "an admission chain is for the service \(name), which is not served"
        }
        if let path = methods.keys.filter({ !servedPaths.contains($0) }).min() {
            return "an admission chain is for the method \(path), which is not served"
        }
        return nil
    }
}
