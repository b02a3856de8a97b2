// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2
public import WeirRPC
package import WeirTransport

/// Everything that can be set on a ``Server``, with its default.
public struct ServerConfiguration: Sendable {
    /// The name or address to listen on.
    public var host: String = "127.0.0.1"
    /// The port to listen on; 0 picks a free one.
    public var port: Int = 50051
    /// Event loops, each a thread; at most 1024.
    ///
    /// Default: one per core.
    public var threads: Int = System.coreCount

    /// A stream that is blocked for this long without a byte of progress is cancelled.
    public var stallDeadline: Duration = .seconds(60)
    /// As ``stallDeadline``, once the handler has returned and the rest of its response is unsent.
    public var tailDeadline: Duration = .seconds(60)
    /// A stream on which nothing is to be sent and nothing was received for this long is cancelled; nil: never.
    public var idleDeadline: Duration?
    /// The least that a client must read while it keeps a stream waiting; nil: a byte per ``stallDeadline`` is enough.
    public var minimumRate: MinimumRate?
    /// How long a client may take from the connection's start to send its preface and SETTINGS (RFC 9113 §3.4), and then to
    /// acknowledge the server's SETTINGS (§6.5.3); the connection is closed.
    public var handshakeDeadline: Duration = .seconds(10)
    /// How long a frame, or header fields that span several, may take from the first byte to the last; the connection is closed.
    ///
    /// A DATA frame is given up only when no byte of it arrived for this long: on a slow link one takes its time.
    public var frameDeadline: Duration = .seconds(10)
    /// How long a client may take to send a request of one message and to end its side; each ``requestBytesPerSecond`` of it buy
    /// another second, up to this long from when they arrived.
    ///
    /// The call ends with RESOURCE_EXHAUSTED. Where the request is a stream, this is the time for each message from its first
    /// byte to its last, and nothing is timed between messages.
    public var requestDeadline: Duration = .seconds(10)
    /// Bytes per second at which a large request may arrive.
    public var requestBytesPerSecond: Int = 1024
    /// How long a send budget must have been used up before the streams that hold the most for the longest are shed.
    public var pressureBeforeShedding: Duration = .seconds(1)
    /// Bytes a stream queues before `send` suspends (high watermark); it goes on at half of that.
    public var streamBufferBytes: Int = 64 * 1024
    /// Bytes queued on one connection, output that the kernel has not taken included.
    public var connectionSendBudgetBytes: Int = 4 * 1024 * 1024
    /// Bytes queued on all connections together.
    ///
    /// Default: a quarter of the memory this process may use.
    public var processSendBudgetBytes: Int = ProcessMemory.limitBytes / 4
    /// Bytes of requests that all connections together may make this process hold: received and not yet taken by a handler,
    /// and what clients may send without being asked again.
    ///
    /// When it is used up, clients wait, and a new connection is refused. Default: an eighth of the memory this process may
    /// use, and no less than 8 MiB.
    public var processReceiveBudgetBytes: Int = max(8 * 1024 * 1024, ProcessMemory.limitBytes / 8)

    /// Calls a client may have open on one connection (SETTINGS_MAX_CONCURRENT_STREAMS).
    public var maxConcurrentStreams: Int = 1000
    /// Largest request message, in bytes; of a compressed one the bytes that it has when it is decompressed.
    public var maximumRequestBytes: Int = 4 * 1024 * 1024
    /// Largest response message, in bytes, of a compressed one those on the wire; nil: what the send budgets hold.
    ///
    /// A handler that sends a larger one gets RESOURCE_EXHAUSTED, and so does its client unless the handler catches it.
    public var maximumResponseBytes: Int?
    /// How responses are compressed for clients that take it.
    ///
    /// Off by default: it costs processor time on the connections' loops. Compressed requests are always taken.
    public var responseCompression: CompressionAlgorithm = .identity
    /// Largest header list of a request, in bytes as RFC 9113 §6.5.2 counts them; at most 16 MiB.
    public var maximumHeaderListBytes: Int = 16 * 1024
    /// Which calls run, which wait and which are turned away; nothing is on by default.
    ///
    /// For policies that are made in code: ``ServerAdmission``.
    public var admission = AdmissionSettings()
    /// How long running calls may take to end when the server shuts down; then they are cut.
    public var drainGrace: Duration = .seconds(30)

    /// Settings of single methods, by path (`/package.Service/Method`), or of all methods of a service
    /// (`package.Service`).
    ///
    /// What is not set for a method is as its service has it, and what is not set there as the server has it. A server that
    /// has no such service or method does not start.
    public var overrides: [String: MethodSettings] = [:]

    /// Makes a configuration of defaults.
    public init() {}

    /// What can be set for one method or service; nil leaves the server's value.
    public struct MethodSettings: Sendable {
        /// See ``ServerConfiguration/stallDeadline``.
        public var stallDeadline: Duration?
        /// See ``ServerConfiguration/tailDeadline``.
        public var tailDeadline: Duration?
        /// See ``ServerConfiguration/idleDeadline``.
        public var idleDeadline: Duration?
        /// See ``ServerConfiguration/minimumRate``.
        public var minimumRate: MinimumRate?
        /// See ``ServerConfiguration/requestDeadline``.
        public var requestDeadline: Duration?
        /// See ``ServerConfiguration/requestBytesPerSecond``.
        public var requestBytesPerSecond: Int?
        /// See ``ServerConfiguration/maximumRequestBytes``.
        public var maximumRequestBytes: Int?
        /// See ``ServerConfiguration/maximumResponseBytes``.
        public var maximumResponseBytes: Int?
        /// See ``ServerConfiguration/responseCompression``.
        public var responseCompression: CompressionAlgorithm?

        /// Which calls of these run, in addition to what the server and the service say.
        public var admission = AdmissionSettings()

        /// Makes settings that leave everything as it is.
        public init() {}

        /// These, and what is not set here as it is set there: a method's settings within those of its service.
        package func within(_ service: MethodSettings) -> MethodSettings {
            var settings = self
            settings.stallDeadline = stallDeadline ?? service.stallDeadline
            settings.tailDeadline = tailDeadline ?? service.tailDeadline
            settings.idleDeadline = idleDeadline ?? service.idleDeadline
            settings.minimumRate = minimumRate ?? service.minimumRate
            settings.requestDeadline = requestDeadline ?? service.requestDeadline
            settings.requestBytesPerSecond = requestBytesPerSecond ?? service.requestBytesPerSecond
            settings.maximumRequestBytes = maximumRequestBytes ?? service.maximumRequestBytes
            settings.maximumResponseBytes = maximumResponseBytes ?? service.maximumResponseBytes
            settings.responseCompression = responseCompression ?? service.responseCompression
            return settings
        }

        /// What is wrong; nil when nothing is.
        var problem: String? {
            if let stallDeadline, stallDeadline <= .zero { return "stallDeadline must be longer than 0s" }
            if let tailDeadline, tailDeadline <= .zero { return "tailDeadline must be longer than 0s" }
            if let idleDeadline, idleDeadline <= .zero { return "idleDeadline must be longer than 0s" }
            if let requestDeadline, requestDeadline <= .zero { return "requestDeadline must be longer than 0s" }
            if let requestBytesPerSecond, requestBytesPerSecond < 1 {
                return "requestBytesPerSecond is \(requestBytesPerSecond); at least 1 is needed"
            }
            if let problem = admission.problem { return problem }
            if let maximumRequestBytes, maximumRequestBytes < 0 { return "maximumRequestBytes must not be negative" }
            if let maximumResponseBytes, maximumResponseBytes < 1 { return "maximumResponseBytes must be at least 1" }
            return minimumRate?.problem
        }
    }

    /// More loops than any machine has cores: a slip of the finger must not take all of its threads.
    private static let mostThreads = 1024

    /// The library's decoder takes no value of more than 64 KiB; a list of many can be larger.
    private static let largestHeaderListBytes = 16 * 1024 * 1024

    /// What is wrong with the configuration, said so that it can be mended; nil when nothing is.
    public var problem: String? {
        if threads < 1 { return "threads is \(threads); at least 1 is needed" }
        if threads > Self.mostThreads { return "threads is \(threads); at most \(Self.mostThreads) are allowed" }
        if !(0...65535).contains(port) { return "port is \(port); it must be between 0 and 65535" }
        if streamBufferBytes < 1 { return "streamBufferBytes is \(streamBufferBytes); at least 1 is needed" }
        if stallDeadline <= .zero { return "stallDeadline must be longer than 0s" }
        if tailDeadline <= .zero { return "tailDeadline must be longer than 0s" }
        if handshakeDeadline <= .zero { return "handshakeDeadline must be longer than 0s" }
        if frameDeadline <= .zero { return "frameDeadline must be longer than 0s" }
        if requestDeadline <= .zero { return "requestDeadline must be longer than 0s" }
        if requestBytesPerSecond < 1 {
            return "requestBytesPerSecond is \(requestBytesPerSecond); at least 1 is needed"
        }
        if pressureBeforeShedding < .zero { return "pressureBeforeShedding must not be negative" }
        if let idleDeadline, idleDeadline <= .zero {
            return "idleDeadline must be longer than 0s; leave it nil for none"
        }
        if let problem = minimumRate?.problem ?? admission.problem { return problem }
        for (name, settings) in overrides.sorted(by: { $0.key < $1.key }) {
            if let problem = settings.problem { return "the settings of \(name): \(problem)" }
        }
        if drainGrace < .zero { return "drainGrace must not be negative" }
        if maxConcurrentStreams < 1 || maxConcurrentStreams > Int(Int32.max) {
            return "maxConcurrentStreams is \(maxConcurrentStreams); it must be between 1 and \(Int32.max)"
        }
        if connectionSendBudgetBytes < streamBufferBytes {
            return "connectionSendBudgetBytes (\(connectionSendBudgetBytes)) must not be below streamBufferBytes "
                + "(\(streamBufferBytes))"
        }
        if processSendBudgetBytes < connectionSendBudgetBytes {
            return "processSendBudgetBytes (\(processSendBudgetBytes)) must not be below connectionSendBudgetBytes "
                + "(\(connectionSendBudgetBytes))"
        }
        if largestRequestBytes >= processReceiveBudgetBytes - processReceiveBudgetBytes / 4 {
            return "processReceiveBudgetBytes (\(processReceiveBudgetBytes)) must be more than four thirds of the "
                + "largest request (\(largestRequestBytes) bytes)"
        }
        if let maximumResponseBytes, maximumResponseBytes < 1 { return "maximumResponseBytes must be at least 1" }
        if maximumHeaderListBytes > Self.largestHeaderListBytes {
            return
                "maximumHeaderListBytes is \(maximumHeaderListBytes); at most \(Self.largestHeaderListBytes) are allowed"
        }
        if host.utf8.contains(0) { return "host must not contain a NUL character" }
        if maximumRequestBytes < 0 || maximumHeaderListBytes < 1024 {
            return "maximumRequestBytes must not be negative and maximumHeaderListBytes not below 1024"
        }
        return nil
    }
}

extension ServerConfiguration {
    /// The configuration as the transport knows it.
    package var transport: ServerTransport.Configuration {
        var transport = ServerTransport.Configuration()
        transport.host = host
        transport.port = port
        transport.threads = threads
        transport.processSendBudgetBytes = processSendBudgetBytes
        transport.processReceiveBudgetBytes = processReceiveBudgetBytes
        transport.connection.connectionReceiveBudgetBytes = max(
            transport.connection.connectionReceiveBudgetBytes, largestRequestBytes)
        transport.connection.flow = flow(nil)
        transport.connection.handshakeDeadline = handshakeDeadline
        transport.connection.frameDeadline = frameDeadline
        transport.connection.pressureBeforeShedding = pressureBeforeShedding
        transport.longestDeadline = longestDeadline
        transport.connection.connectionSendBudgetBytes = connectionSendBudgetBytes
        transport.connection.flowLimits.streamHighWatermarkBytes = streamBufferBytes
        transport.connection.flowLimits.streamLowWatermarkBytes = streamBufferBytes / 2
        transport.connection.settings.maxConcurrentStreams = maxConcurrentStreams
        transport.connection.settings.maxHeaderListBytes = maximumHeaderListBytes
        return transport
    }

    /// The largest request message that any method takes.
    private var largestRequestBytes: Int {
        overrides.values.reduce(maximumRequestBytes) { max($0, $1.maximumRequestBytes ?? 0) }
    }

    /// The longest time that any method lets a stream stand still.
    private var longestDeadline: Duration {
        ([flow(nil)] + overrides.values.map { flow($0) }).reduce(.zero) { longest, flow in
            max(longest, flow.stallDeadline, flow.tailDeadline)
        }
    }

    /// What is set for a method; nil when it is as the server has it.
    func settings(of method: MethodDescriptor) -> MethodSettings? {
        let service = overrides[method.service.fullyQualifiedName]
        guard let settings = overrides[method.path] else { return service }
        return service.map { settings.within($0) } ?? settings
    }

    /// What is wrong with ``overrides``, given what is served; nil when nothing is.
    func problem(servedPaths: Set<String>, services: Set<String>) -> String? {
        let unknown = overrides.keys.filter { !servedPaths.contains($0) && !services.contains($0) }
        guard let name = unknown.min() else { return nil }
        let known = services.sorted().joined(separator: ", ")
        return "the settings of \(name): no such service or method is served (services: \(known))"
    }

    func flow(_ settings: MethodSettings?) -> FlowSettings {
        var flow = FlowSettings()
        flow.stallDeadline = settings?.stallDeadline ?? stallDeadline
        flow.tailDeadline = settings?.tailDeadline ?? tailDeadline
        flow.idleDeadline = settings?.idleDeadline ?? idleDeadline
        flow.minimumRate = settings?.minimumRate ?? minimumRate
        flow.requestDeadline = settings?.requestDeadline ?? requestDeadline
        flow.requestBytesPerSecond = settings?.requestBytesPerSecond ?? requestBytesPerSecond
        return flow
    }
}
