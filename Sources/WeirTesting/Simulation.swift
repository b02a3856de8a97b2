// SPDX-License-Identifier: Apache-2.0

public import Logging
public import WeirServer

/// A server with its services and any number of clients, in one process, on one thread, under a clock that it moves itself.
///
/// ```swift
/// let simulation = try Simulation(services: [Ticks()])
/// let client = simulation.connect(NeverReads(try ClientCall(watch, request)))
/// try simulation.run(for: .seconds(61))
/// #expect(client.response.status == "8")
/// ```
///
/// Services, handlers, routing, flow control and timers are those of a real ``WeirServer/Server``; sockets, threads and time
/// are not. Nothing waits: an hour takes as long as its work. Everything that happens follows from the seed, as long as
/// handlers stay where they are started (no `Task.detached`, no global actor) and take their time from ``clock``.
public final class Simulation {
    /// What everything random here follows from.
    public let seed: UInt64
    /// The clock, which stands at its start until ``run(for:)``.
    public let clock: VirtualClock
    /// Where handlers run.
    let executor: VirtualExecutor
    /// The server.
    public let server: SimulatedServer
    /// The clients, in the order in which they were connected.
    public private(set) var clients: [SimulatedClient] = []

    private let events: EventQueue
    private let trace: Trace
    private var foreignJobsSeen = 0

    /// Makes a simulation of a server with these services.
    ///
    /// A service that waits is given `clock` too. Nothing is logged unless a logger is given.
    ///
    /// - Throws: ``WeirServer/ServerError`` when the configuration is wrong.
    public init(
        seed: UInt64 = 1, clock: VirtualClock = VirtualClock(),
        configuration: ServerConfiguration = ServerConfiguration(), services: [any Service],
        interceptors: [any ServerInterceptor] = [], admission: ServerAdmission = ServerAdmission(),
        logger: Logger? = nil
    ) throws {
        if let problem = configuration.problem { throw ServerError(.badConfiguration, problem) }
        self.seed = seed
        self.clock = clock
        executor = VirtualExecutor(clock: clock)
        events = EventQueue(clock: clock)
        trace = Trace(clock: clock)
        let logger = logger ?? Logger(label: "weir.simulation") { _ in SwiftLogNoOpLogHandler() }
        server = SimulatedServer(
            configuration: configuration, services: services, interceptors: interceptors, admission: admission,
            logger: logger, executor: executor, events: events, trace: trace)
        if let problem = server.core.problem { throw ServerError(.badConfiguration, problem) }
    }

    /// The current instant.
    public var now: VirtualClock.Instant { clock.now }

    /// A generator that follows from the seed, its own for each number.
    public func generator(_ number: Int) -> SeededGenerator {
        SeededGenerator(seed: seed).split(number)
    }

    /// All that happened so far as one number: equal in each run with the same seed.
    public var traceHash: UInt64 { trace.hash }

    /// How many things happened so far.
    public var traceCount: UInt64 { trace.count }

    /// The last things that happened, one a line, for the message of a failing test.
    public var traceText: String { trace.text }

    // MARK: - Clients

    /// Connects a client; it is there at once, and does what its profile says as soon as time runs.
    ///
    /// What it sends and learns is told to `recorder` too, if there is one.
    @discardableResult
    public func connect(
        _ profile: some ClientProfile, over configuration: LinkConfiguration = LinkConfiguration(),
        keeping: RawPeer.Keeping = .everything, recorder: ClientRecorder? = nil
    ) -> SimulatedClient {
        let link = Link(configuration, events: events)
        let client = SimulatedClient(
            number: clients.count, profile: profile, link: link, events: events, trace: trace, keeping: keeping,
            recorder: recorder)
        clients.append(client)
        let server = server
        events.schedule(afterNanoseconds: 0) {
            // The HTTP/2 library has no memory: then the server closes what it accepted.
            do { try server.accept(link.server, client: client.number) } catch { link.server.close() }
            client.start()
        }
        return client
    }

    /// Lets `action` run after that much time; for what a test does in the middle of a run.
    public func schedule(after delay: Duration, _ action: @escaping () -> Void) {
        events.schedule(at: clock.now.advanced(by: delay).nanoseconds, action)
    }

    // MARK: - Time

    /// Lets that much time pass.
    ///
    /// Returns when everything that was due has happened; suspends nothing and waits for nothing.
    ///
    /// - Throws: ``SimulationError``.
    public func run(for duration: Duration) throws(SimulationError) {
        try run(until: clock.now.advanced(by: duration))
    }

    /// Lets time pass up to that instant, which is included.
    ///
    /// - Throws: ``SimulationError``.
    public func run(until end: VirtualClock.Instant) throws(SimulationError) {
        _ = try advance(until: end) { false }
    }

    /// Lets time pass until `condition` holds, for `limit` at most; returns whether it holds.
    ///
    /// Asked after each instant at which something happened.
    ///
    /// - Throws: ``SimulationError``.
    public func run(
        atMost limit: Duration, until condition: () -> Bool
    ) throws(SimulationError) -> Bool {
        try advance(until: clock.now.advanced(by: limit), condition)
    }

    /// Begins to drain the server, as ``WeirServer/Server/shutdown()`` does: services are told, then the clients.
    ///
    /// Takes no time; calls that run go on as time does.
    public func drain() {
        executor.drive { server.beginDrain() }
    }

    /// Closes all clients' connections and drains the server as a real one does; returns whether nothing was left of it.
    ///
    /// Takes virtual time: the drain's grace period at most, and a stall deadline for sockets that take nothing.
    ///
    /// - Throws: ``SimulationError``.
    public func shutDown() throws(SimulationError) -> Bool {
        executor.drive {
            for client in clients { client.leave() }
            server.beginDrain()
        }
        let isIdle = { [server] in server.isIdle }
        if try run(atMost: server.configuration.drainGrace, until: isIdle) { return server.budgetBytes == 0 }
        executor.drive { server.cutCalls() }
        if try run(atMost: .seconds(1), until: isIdle) { return server.budgetBytes == 0 }
        executor.drive { server.closeConnections() }
        return try run(atMost: .seconds(1), until: isIdle) && server.budgetBytes == 0
    }

    private func advance(
        until end: VirtualClock.Instant, _ condition: () -> Bool
    ) throws(SimulationError) -> Bool {
        let result = executor.drive { () -> Result<Bool, SimulationError> in
            Result { () throws(SimulationError) in try steps(until: end.nanoseconds, condition) }
        }
        let holds = try result.get()
        let foreignJobs = executor.foreignJobCount
        if foreignJobs > foreignJobsSeen {
            foreignJobsSeen = foreignJobs
            throw .leftExecutor(jobs: foreignJobs)
        }
        return holds
    }

    private func steps(until end: Int64, _ condition: () -> Bool) throws(SimulationError) -> Bool {
        try server.settle()
        if condition() { return true }
        while let next = [events.earliest, clock.nextDeadline].compactMap({ $0 }).min(), next <= end {
            clock.advance(to: next)
            try server.settle()
            while let action = events.popDue(at: next) {
                action()
                try server.settle()
            }
            if condition() { return true }
        }
        clock.advance(to: end)
        return false
    }
}
