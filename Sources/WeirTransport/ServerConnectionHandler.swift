// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2
internal import WeirRPC

/// Drives one ``ServerConnection`` from its channel: the only handler in the pipeline besides TLS.
final class ServerConnectionHandler: ChannelDuplexHandler, TurnParticipant {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let connection: ServerConnection
    /// The connection's number, unique in the process.
    let id = EntityID.next()
    private let loop: LoopContext
    private let delegate: any ServerTransportDelegate
    private(set) var context: ChannelHandlerContext?
    private var timers: ConnectionTimers
    /// Asked for once: each question is a system call.
    private(set) var remoteAddress: SocketAddress?
    private var isDirty = false
    private var isPumping = false
    private var readIsHeldBack = false
    /// Closing was asked for and waits until what was written has left.
    private var isClosing = false
    /// Ends the time in which the client may read what was written last; nil when this side is not closed.
    private var lingering: Scheduled<Void>?
    /// Bytes that were thrown away in that time.
    private var ignoredBytes = 0

    /// How long a client has to close its side, and how much it may still send, before the socket goes.
    private static let lingerTime = TimeAmount.seconds(1)
    private static let maximumIgnoredBytes = 4 << 20

    init(connection: ServerConnection, loop: LoopContext, delegate: any ServerTransportDelegate) {
        self.connection = connection
        self.loop = loop
        self.delegate = delegate
        timers = ConnectionTimers(eventLoop: loop.executor.eventLoop)
        connection.onOutputWanted = { [weak self] in self?.wantTurn() }
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start() }
    }

    func channelActive(context: ChannelHandlerContext) {
        start()
        context.fireChannelActive()
    }

    private func start() {
        guard loop.connections[id] == nil else { return }
        loop.connections[id] = self
        remoteAddress = context?.remoteAddress
        wantTurn()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard lingering == nil else { return ignore(bytes.readableBytes) }
        loop.executor.gather {
            connection.receive(bytes, at: .now)
            wantTurn()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        loop.executor.turn()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        // A peer that provokes replies without reading them is not read from either (CVE-2019-9512, -9515).
        if connection.wantsInput || lingering != nil { context.read() } else { readIsHeldBack = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !isPumping { wantTurn() }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lost("the connection failed: \(error)")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        lost("the client closed the connection")
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        lost("the connection was closed")
        self.context = nil
    }

    private func lost(_ reason: String) {
        loop.executor.gather {
            connection.connectionLost(reason, at: .now)
            performActions()
        }
        timers.cancelAll()
        lingering?.cancel()
        if loop.connections.removeValue(forKey: id) != nil { loop.ended.add(connection.statistics) }
        loop.executor.turn()
    }

    // MARK: - The server's wishes

    /// Takes no new calls; see ``ServerConnection/beginDrain(at:)``.
    func beginDrain() {
        connection.beginDrain(at: .now)
        wantTurn()
    }

    /// Ends all calls now, then closes.
    func cutCalls() {
        connection.cutCalls(at: .now)
        wantTurn()
    }

    /// Closes at once.
    func closeNow() {
        context?.close(promise: nil)
    }

    // MARK: - Turns

    /// Asks for a turn once.
    func wantTurn() {
        guard !isDirty else { return }
        isDirty = true
        loop.executor.isDirty(self)
    }

    func takeTurn() {
        isDirty = false
        performActions()
        pump()
        performActions()
        if let deadline = connection.nextDeadline {
            // What is due already waits until the sockets had their turn.
            let earliest = MonotonicInstant.now.advanced(byNanoseconds: LoopContext.timerPause.nanoseconds)
            timers.arm(max(deadline, earliest)) { [weak self] in self?.timerFired() }
        }
        if readIsHeldBack, connection.wantsInput {
            readIsHeldBack = false
            context?.read()
        }
    }

    private func timerFired() {
        guard loop.timerMayAct() else {
            loop.executor.eventLoop.assumeIsolated().scheduleTask(in: LoopContext.timerPause) { [weak self] in
                self?.timerFired()
            }
            return
        }
        loop.executor.gather {
            reportOutput()
            connection.timerFired(at: .now)
            wantTurn()
        }
        loop.executor.turn()
    }

    /// Writes while the channel takes bytes: produce a bufferful, write, flush.
    private func pump() {
        guard let context, !isPumping, context.channel.isActive else { return }
        isPumping = true
        defer { isPumping = false }
        swap(&connection.output, &loop.spareOutput)
        var mayHaveMore = true
        while mayHaveMore, context.channel.isWritable {
            mayHaveMore = connection.produceOutput(at: .now)
            guard connection.output.readableBytes > 0 else { break }
            context.writeAndFlush(wrapOutboundOut(connection.output), promise: nil)
            // If the kernel took everything, the storage is ours again and no new one is made.
            connection.output.clear()
        }
        swap(&connection.output, &loop.spareOutput)
        reportOutput()
        if isClosing { closeWhenWritten() }
    }

    private func reportOutput() {
        guard let channel = context?.channel else { return }
        let isWritable = channel.isWritable
        let buffered = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        connection.outputBuffered(buffered, isWritable: isWritable, at: .now)
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
            let handle = CallHandle(
                call: call, executor: loop.executor, remoteAddress: remoteAddress, connectionID: id)
            call.attachment = handle
            delegate.startHandler(handle, request: request)
        case .resumeSender(let waiter, let outcome):
            waiter.resume(outcome)
        case .resumeReceiver(let waiter, let outcome):
            waiter.resume(outcome)
        case .flowChanged(let observers, let flow):
            for observer in observers { observer.notify(flow) }
        case .cancelHandler(let call):
            guard let handle = call.attachment as? CallHandle else { return }
            handle.noteCancelled()
            handle.task?.cancel()
        case .report(let report):
            delegate.report(report, remoteAddress: remoteAddress)
        case .close:
            isClosing = true
            wantTurn()
        case .abort:
            context?.close(promise: nil)
        }
    }

    private func closeWhenWritten() {
        guard let context else { return }
        // An empty write is fulfilled when everything before it has left, or when the channel is gone.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { [weak self] _ in
            self?.linger()
        }
        isClosing = false
    }

    /// Closes this side alone, so that the client gets to read GOAWAY (RFC 9113 §5.4.1): bytes of its own that nobody had read
    /// would have the kernel reset the connection, and what is on its way be lost.
    private func linger() {
        guard let context, lingering == nil else { return }
        let channel = context.channel
        lingering = context.eventLoop.scheduleTask(in: Self.lingerTime) { channel.close(promise: nil) }
        context.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
        readIsHeldBack = false
        context.read()
    }

    private func ignore(_ count: Int) {
        ignoredBytes += count
        if ignoredBytes > Self.maximumIgnoredBytes { closeNow() }
    }
}
