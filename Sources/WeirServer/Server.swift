// SPDX-License-Identifier: Apache-2.0

public import Logging
internal import NIOCore
internal import Synchronization
internal import WeirEngine
internal import WeirTransport

/// A gRPC server.
///
/// ```swift
/// let server = Server(services: [Greeter()], logger: logger)
/// try await server.run()
/// ```
public final class Server: Sendable {
    /// What the server was configured with.
    public let configuration: ServerConfiguration

    private let core: ServerCore
    private let logger: Logger
    private let state = Mutex(State.idle)

    private enum State {
        case idle
        case serving(ServerTransport)
        case ended
    }

    /// Makes a server of these services; it listens once ``start()`` or ``run()`` is called.
    ///
    /// The first of `interceptors` is the outermost: it sees a call first and its outcome last. Those that are for some
    /// methods only say so themselves (``ServerInterceptor/only(for:)-(ServiceDescriptor...)``). What `admission` turns away
    /// reaches none of them.
    public init(
        configuration: ServerConfiguration = ServerConfiguration(), services: [any Service],
        interceptors: [any ServerInterceptor] = [], admission: ServerAdmission = ServerAdmission(), logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
        core = ServerCore(
            services: services, interceptors: interceptors, admission: admission, configuration: configuration,
            logger: logger)
    }

    /// What is wrong with the configuration, also in view of what is served; nil when nothing is.
    package var problem: String? { core.problem }

    /// Binds the address and begins to serve; returns the address as `host:port`.
    ///
    /// - Throws: ``ServerError`` when the configuration is wrong, the address cannot be bound or the server was started
    ///   before.
    @discardableResult
    public func start() async throws -> String {
        if let problem { throw ServerError(.badConfiguration, problem) }
        let transport: ServerTransport
        do {
            transport = try await ServerTransport(
                configuration: configuration.transport, routes: core, delegate: core)
        } catch {
            throw ServerError(
                .cannotListen, "cannot listen on \(configuration.host):\(configuration.port): \(error)", cause: error)
        }
        let isFirst = state.withLock { state in
            guard case .idle = state else { return false }
            state = .serving(transport)
            return true
        }
        guard isFirst else {
            await transport.beginDrain()
            await transport.stop()
            throw ServerError(.alreadyStarted, "the server was started before; make a new one")
        }
        core.attachment.source = transport
        return Self.text(transport)
    }

    /// Serves until the calling task is cancelled or ``shutdown()`` is called, then drains: no new calls, those that run
    /// have ``ServerConfiguration/drainGrace`` to end, the rest is cut.
    ///
    /// - Throws: as ``start()``.
    public func run() async throws {
        if case .idle = state.withLock({ $0 }) { try await start() }
        await core.shutdownRequest.wait()
        await drain()
    }

    /// Asks ``run()`` to end.
    ///
    /// Returns at once.
    public func shutdown() {
        core.shutdownRequest.signal()
    }

    /// What is open at the moment.
    public func snapshot() async -> ServerSnapshot {
        guard case .serving(let transport) = state.withLock({ $0 }) else { return ServerSnapshot() }
        var snapshot = ServerSnapshot()
        let counts = await transport.snapshot()
        snapshot.connections = counts.connections
        snapshot.streams = counts.streams
        snapshot.handlers = core.handlersRunning
        snapshot.heldBytes = counts.heldBytes
        snapshot.receivedBytes = counts.receivedBytes
        snapshot.suspendedSenders = counts.suspendedSenders
        snapshot.timers = counts.timers
        return snapshot
    }

    private func drain() async {
        guard case .serving(let transport) = state.withLock({ $0 }) else { return }
        logger.info("draining", metadata: ["grace": "\(configuration.drainGrace)"])
        core.willDrain()
        await transport.beginDrain()
        if await !isIdle(transport, within: configuration.drainGrace) {
            logger.notice("the drain's grace period is over: cutting what still runs")
            await transport.cutCalls()
            _ = await isIdle(transport, within: .seconds(1))
            await transport.closeConnections()
        }
        // Handlers run on the loops, so the loops must outlive them.
        if await isIdle(transport, within: .seconds(5)) {
            await transport.stop()
        } else {
            logger.error("handlers ignore cancellation", metadata: ["weir.handlers": "\(core.handlersRunning)"])
        }
        state.withLock { $0 = .ended }
    }

    /// Waits until no connection is open and no handler runs; false when that takes too long.
    private func isIdle(_ transport: ServerTransport, within limit: Duration) async -> Bool {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while true {
            if core.handlersRunning == 0, await transport.snapshot().connections == 0 { return true }
            guard clock.now < end else { return false }
            // A drain happens once in a server's life; looking every 10 ms is simpler than counting each exit.
            _ = try? await clock.sleep(until: min(end, clock.now + .milliseconds(10)))
            if Task.isCancelled { await Task.yield() }
        }
    }

    private static func text(_ transport: ServerTransport) -> String {
        guard let address = transport.localAddress, let host = address.ipAddress, let port = address.port else {
            return "unknown"
        }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
