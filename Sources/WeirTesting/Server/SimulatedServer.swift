// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import Synchronization
internal import WeirEngine
internal import WeirHTTP2
public import WeirRPC
public import WeirServer
internal import WeirTransport

/// The server of a simulation: the engine, the routing and the handlers of a real one, without sockets and threads.
public final class SimulatedServer {
    /// Something that an operator would read in the log.
    public struct Report: Sendable {
        /// What it is about.
        public enum Kind: Sendable {
            /// A stream was cut because its client took nothing for too long.
            case stalled(method: String, stream: Int, StreamStalled)
            /// A connection was closed because its socket took nothing for too long.
            case connectionStalled(streams: Int)
            /// Anything else, as text.
            case other(String)
        }

        /// When it happened.
        public let time: VirtualClock.Instant
        /// The number of the client.
        public let client: Int
        /// What happened.
        public let kind: Kind
    }

    /// What the server was configured with.
    public let configuration: ServerConfiguration
    /// What was reported, the last ``keptReports`` of it.
    public private(set) var reports: [Report] = []
    /// Called for each report.
    public var onReport: ((Report) -> Void)?
    /// The most bytes that all connections together ever held for their clients.
    public private(set) var peakHeldBytes = 0
    /// The most bytes that one connection ever held.
    public private(set) var peakConnectionHeldBytes = 0
    /// The most bytes that connections ever took from the process's budget; they take it in blocks.
    public private(set) var peakBudgetBytes = 0

    /// Most reports kept.
    public static let keptReports = 1_000

    let core: ServerCore
    let executor: VirtualExecutor
    /// One buffer for frames on their way to a socket: a connection needs it only while it writes.
    var spareOutput = ByteBuffer()

    private let events: EventQueue
    private let trace: Trace
    private let budget: ProcessSendBudget
    private let receiveBudget: ProcessReceiveBudget
    private let compression = CompressionContexts()
    private let pressure: SendPressure
    /// Set when the process's budget was used up and nobody watches it yet.
    private let pressureBegan = Flag()
    private var watchesPressure = false
    private let connectionConfiguration: ServerConnectionConfiguration
    private var connections: [Int: SimulatedConnection] = [:]
    private var dirty: [SimulatedConnection] = []
    private var heldBytes = 0

    init(
        configuration: ServerConfiguration, services: [any Service], interceptors: [any ServerInterceptor],
        admission: ServerAdmission, logger: Logger, executor: VirtualExecutor, events: EventQueue, trace: Trace
    ) {
        self.configuration = configuration
        self.executor = executor
        self.events = events
        self.trace = trace
        let transport = configuration.transport
        connectionConfiguration = transport.connection
        budget = ProcessSendBudget(limitBytes: transport.processSendBudgetBytes)
        receiveBudget = ProcessReceiveBudget(limitBytes: transport.processReceiveBudgetBytes)
        pressure = SendPressure(budget: budget, delay: transport.connection.pressureBeforeShedding)
        core = ServerCore(
            services: services, interceptors: interceptors, admission: admission, configuration: configuration,
            logger: logger)
        budget.onPressure { [pressureBegan] in pressureBegan.raise() }
    }

    // MARK: - State

    /// What the server holds at the moment; all zero when it is idle.
    public var snapshot: ServerSnapshot {
        var snapshot = ServerSnapshot()
        snapshot.connections = connections.count
        snapshot.handlers = core.handlersRunning
        for connection in connections.values {
            let counts = connection.connection.counts
            snapshot.streams += counts.streams
            snapshot.heldBytes += counts.heldBytes
            snapshot.receivedBytes += counts.receivedBytes
            snapshot.suspendedSenders += counts.suspendedSenders
            snapshot.timers += counts.timers
        }
        return snapshot
    }

    /// Whether nothing is left of any connection or handler.
    public var isIdle: Bool { connections.isEmpty && core.handlersRunning == 0 && snapshot == ServerSnapshot() }

    /// Whether the connection of the client with this number is open.
    public func isConnected(_ client: Int) -> Bool { connections[client] != nil }

    /// Bytes that connections have taken from the process's budget at the moment.
    public var budgetBytes: Int { budget.takenBytes }

    /// Bytes that connections have taken from the process's receive budget at the moment, for windows and for what they hold.
    public var receiveBudgetBytes: Int { receiveBudget.takenBytes }

    // MARK: - Connections

    func accept(_ end: LinkEnd, client number: Int) throws {
        let executor = executor
        let connection = try ServerConnection(
            configuration: connectionConfiguration, routes: core, budget: budget,
            receiveBudget: receiveBudget, compression: compression, now: MonotonicInstant(nanoseconds: events.now),
            confinement: { executor.isCurrent })
        // An address of the network that RFC 5737 sets aside for examples, and a port that tells the client.
        let host = "192.0.2.\(number / 60_000 % 250 + 1)"
        let address = try? SocketAddress(ipAddress: host, port: 1024 + number % 60_000)
        let accepted = SimulatedConnection(
            number: number, connection: connection, server: self, end: end, events: events, trace: trace,
            remoteAddress: address)
        connections[number] = accepted
        trace.note(.connected, number)
        accepted.start()
    }

    func isLost(_ connection: SimulatedConnection) {
        count(connection)
        connections[connection.number] = nil
    }

    func beginDrain() {
        core.willDrain()
        for number in connections.keys.sorted() { connections[number]?.beginDrain() }
    }

    func cutCalls() {
        for number in connections.keys.sorted() { connections[number]?.cutCalls() }
    }

    func closeConnections() {
        for number in connections.keys.sorted() { connections[number]?.closeNow() }
    }

    // MARK: - Turns

    func isDirty(_ connection: SimulatedConnection) {
        dirty.append(connection)
    }

    /// Runs handlers and lets connections write until nothing is left to do at this instant.
    ///
    /// - Throws: ``SimulationError/endlessWork(at:)``.
    func settle() throws(SimulationError) {
        var left = Self.mostJobsAtOnce
        while true {
            left -= executor.run(limit: left)
            if pressureBegan.lower() { watchPressure() }
            guard left > 0 else { throw .endlessWork(at: VirtualClock.Instant(nanoseconds: events.now)) }
            guard !dirty.isEmpty else { return }
            let connections = dirty
            dirty.removeAll(keepingCapacity: true)
            for connection in connections { connection.takeTurn() }
        }
    }

    /// Comes by regularly while the process's send budget is used up, as each event loop does.
    private func watchPressure() {
        guard !watchesPressure else { return }
        watchesPressure = true
        events.schedule(afterNanoseconds: ServerConnection.pressureInterval.saturatedNanoseconds) { [weak self] in
            guard let self else { return }
            watchesPressure = false
            let ordered = connections.values.sorted { $0.number < $1.number }.map(\.connection)
            if pressure.relieve(ordered, loop: 0, at: MonotonicInstant(nanoseconds: events.now)) { watchPressure() }
        }
    }

    /// Jobs that run at one instant before the simulation gives up: a handler that never waits never lets time pass.
    private static let mostJobsAtOnce = 10_000_000

    /// Adds what a connection holds to the sum.
    func count(_ connection: SimulatedConnection) {
        let held = connection.connection.session.flow.budget.heldBytes
        heldBytes += held - connection.countedBytes
        connection.countedBytes = held
        peakHeldBytes = max(peakHeldBytes, heldBytes)
        peakConnectionHeldBytes = max(peakConnectionHeldBytes, held)
        peakBudgetBytes = max(peakBudgetBytes, budget.takenBytes)
    }

    // MARK: - Reports

    func report(_ report: ServerConnectionReport, connection number: Int, remoteAddress: SocketAddress?) {
        core.report(report, remoteAddress: remoteAddress)
        let kind: Report.Kind
        switch report {
        case .stalled(let method, let stream, let stalled):
            kind = .stalled(method: method, stream: Int(stream.rawValue), stalled)
            trace.note(.report, number, Int(stream.rawValue), stalled.heldBytes)
        case .connectionStalled(_, let streams):
            kind = .connectionStalled(streams: streams)
            trace.note(.report, number, -1, streams)
        default:
            kind = .other("\(report)")
            trace.note(.report, number, -2)
        }
        let entry = Report(time: VirtualClock.Instant(nanoseconds: events.now), client: number, kind: kind)
        reports.append(entry)
        if reports.count > Self.keptReports { reports.removeFirst() }
        onReport?(entry)
    }
}

/// Something that is to be done, said from anywhere.
private final class Flag: Sendable {
    private let isRaised = Atomic<Bool>(false)

    func raise() {
        isRaised.store(true, ordering: .relaxed)
    }

    /// Whether it was raised since it was last lowered.
    func lower() -> Bool {
        isRaised.exchange(false, ordering: .relaxed)
    }
}
