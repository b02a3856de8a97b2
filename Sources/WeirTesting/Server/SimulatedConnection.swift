// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2
internal import WeirServer
internal import WeirTransport

/// Drives one connection's engine from a simulated link, as the transport's channel handler does from a socket.
///
/// Between the engine and the kernel stands what a channel has there too: output that the kernel has not taken, with the
/// same watermarks.
final class SimulatedConnection {
    /// The number of the client at the other end.
    let number: Int
    let connection: ServerConnection
    /// What the connection held when that was last counted.
    var countedBytes = 0

    private let server: SimulatedServer
    private let end: LinkEnd
    private let events: EventQueue
    private let trace: Trace
    private let remoteAddress: SocketAddress?
    /// Written and not taken by the kernel.
    private var unwritten = ByteQueue()
    private var isWritable = true
    private var isOpen = true
    private var isDirty = false
    private var isPumping = false
    private var readIsHeldBack = false
    private var readIsScheduled = false
    private var isClosing = false
    private var closesWhenWritten = false
    /// Timers in the event queue that still count, the earliest last.
    private var armed: [(deadline: MonotonicInstant, number: Int)] = []
    private var lastTimer = 0

    private static let maximumArmed = 4
    private static let readBytes = 64 * 1024

    init(
        number: Int, connection: ServerConnection, server: SimulatedServer, end: LinkEnd, events: EventQueue,
        trace: Trace, remoteAddress: SocketAddress?
    ) {
        self.number = number
        self.connection = connection
        self.server = server
        self.end = end
        self.events = events
        self.trace = trace
        self.remoteAddress = remoteAddress
    }

    private var now: MonotonicInstant { MonotonicInstant(nanoseconds: events.now) }
    private var highWatermark: Int { connection.configuration.settings.outputHighWatermarkBytes }

    /// The client is there.
    func start() {
        connection.onOutputWanted = { [weak self] in self?.wantTurn() }
        end.onReadable = { [weak self] in self?.readable() }
        end.onWritable = { [weak self] in self?.kernelTakesMore() }
        end.onReset = { [weak self] in self?.lost("the client reset the connection") }
        wantTurn()
    }

    // MARK: - The socket

    private func readable() {
        guard isOpen, !readIsScheduled else { return }
        // A peer that provokes replies without reading them is not read from either (CVE-2019-9512, -9515).
        guard connection.wantsInput else {
            readIsHeldBack = true
            return
        }
        if let bytes = end.read(atMost: Self.readBytes) {
            trace.note(.serverRead, number, bytes.readableBytes)
            connection.receive(bytes, at: now)
            wantTurn()
        }
        if end.isAtEnd {
            lost("the client closed the connection")
        } else if end.readableBytes > 0 {
            readAgain()
        }
    }

    private func readAgain() {
        readIsScheduled = true
        events.schedule(afterNanoseconds: 0) { [weak self] in
            self?.readIsScheduled = false
            self?.readable()
        }
    }

    private func kernelTakesMore() {
        let was = isWritable
        flush()
        if isWritable != was { wantTurn() }
    }

    private func write(_ output: ByteBuffer) {
        trace.note(.serverWrote, number, output.readableBytes)
        // The engine goes on using its buffer, so its bytes are copied.
        var bytes = ByteBufferAllocator().buffer(capacity: output.readableBytes)
        bytes.writeImmutableBuffer(output)
        unwritten.append(bytes)
        if unwritten.count > highWatermark { isWritable = false }
        flush()
    }

    private func flush() {
        while var bytes = unwritten.takeSlice(atMost: .max) {
            end.write(&bytes)
            guard bytes.readableBytes > 0 else { continue }
            unwritten.putBack(bytes)
            break
        }
        if unwritten.count < highWatermark / 2 { isWritable = true }
        if unwritten.isEmpty, closesWhenWritten { closeNow() }
    }

    /// The connection is gone, for this reason.
    private func lost(_ reason: String) {
        guard isOpen else { return }
        isOpen = false
        trace.note(.serverLost, number)
        connection.connectionLost(reason, at: now)
        performActions()
        armed.removeAll()
        unwritten.removeAll()
        end.close()
        server.isLost(self)
    }

    // MARK: - The server's wishes

    func beginDrain() {
        connection.beginDrain(at: now)
        wantTurn()
    }

    func cutCalls() {
        connection.cutCalls(at: now)
        wantTurn()
    }

    func closeNow() {
        end.close()
        lost("the connection was closed")
    }

    // MARK: - Turns

    private func wantTurn() {
        guard !isDirty else { return }
        isDirty = true
        server.isDirty(self)
    }

    /// Carries out actions and writes what there is to write.
    func takeTurn() {
        isDirty = false
        server.count(self)
        performActions()
        pump()
        performActions()
        server.count(self)
        if isOpen, let deadline = connection.nextDeadline { arm(deadline) }
        if readIsHeldBack, isOpen, connection.wantsInput {
            readIsHeldBack = false
            readAgain()
        }
    }

    private func pump() {
        guard isOpen, !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        swap(&connection.output, &server.spareOutput)
        var mayHaveMore = true
        while mayHaveMore, isWritable {
            mayHaveMore = connection.produceOutput(at: now)
            guard connection.output.readableBytes > 0 else { break }
            write(connection.output)
            connection.output.clear()
        }
        swap(&connection.output, &server.spareOutput)
        reportOutput()
        if isClosing { closeWhenWritten() }
    }

    private func reportOutput() {
        connection.outputBuffered(unwritten.count, isWritable: isWritable, at: now)
    }

    private func performActions() {
        while true {
            let actions = connection.takeActions()
            if actions.isEmpty { return }
            for action in actions { perform(action) }
        }
    }

    private func perform(_ action: ServerConnectionAction) {
        switch action {
        case .startHandler(let call, let request):
            trace.note(.handlerStarted, number, Int(call.streamID.rawValue))
            let handle = CallHandle(
                call: call, executor: server.executor, remoteAddress: remoteAddress, connectionID: UInt64(number) + 1)
            call.attachment = handle
            server.core.startHandler(handle, request: request)
        case .resumeSender(let waiter, let outcome):
            waiter.resume(outcome)
        case .resumeReceiver(let waiter, let outcome):
            waiter.resume(outcome)
        case .flowChanged(let observers, let flow):
            for observer in observers { observer.notify(flow) }
        case .cancelHandler(let call):
            trace.note(.handlerCancelled, number, Int(call.streamID.rawValue))
            guard let handle = call.attachment as? CallHandle else { return }
            handle.noteCancelled()
            handle.task?.cancel()
        case .report(let report):
            server.report(report, connection: number, remoteAddress: remoteAddress)
        case .close:
            isClosing = true
            wantTurn()
        case .abort:
            closeNow()
        }
    }

    private func closeWhenWritten() {
        isClosing = false
        closesWhenWritten = true
        if unwritten.isEmpty { closeNow() }
    }

    // MARK: - Timers

    private func arm(_ deadline: MonotonicInstant) {
        while let last = armed.last, last.deadline <= now { armed.removeLast() }
        if let earliest = armed.last, earliest.deadline <= deadline { return }
        if armed.count == Self.maximumArmed { armed.removeLast() }
        lastTimer += 1
        let timer = lastTimer
        armed.append((deadline, timer))
        events.schedule(at: deadline.nanoseconds) { [weak self] in self?.timerFired(timer) }
    }

    private func timerFired(_ timer: Int) {
        guard isOpen, armed.contains(where: { $0.number == timer }) else { return }
        reportOutput()
        connection.timerFired(at: now)
        wantTurn()
    }
}
