// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirHTTP2
package import WeirRPC

/// A gRPC server's side of one connection, without any I/O.
///
/// The driver brings bytes, facts and the time in, and carries ``takeActions()`` and ``produceOutput(at:)`` out:
///
///     receive(_:at:)            bytes from the peer
///     produceOutput(at:)        frames for the peer, in ``output``
///     outputBuffered(_:at:)     how much of them the kernel has not taken
///     timerFired(at:)           ``nextDeadline`` has come
///     connectionLost(_:at:)     there is no peer any more
///
/// Calls are driven through ``ServerCall``. After each entry the driver takes the actions. Everything runs on one loop.
package final class ServerConnection {
    package let configuration: ServerConnectionConfiguration
    package let session: HTTP2Session
    /// The process's send budget, which all connections share.
    package let processBudget: ProcessSendBudget
    /// Called when there is something to produce that nobody asked for yet.
    ///
    /// Must only take note.
    package var onOutputWanted: () -> Void = {}

    /// Contexts of zlib, which the connections of a loop share.
    let compression: CompressionContexts
    let routes: any CallRouting
    var timers = StreamTimers()
    var now: MonotonicInstant
    /// Calls whose stream is open or whose handler runs.
    package internal(set) var handlersRunning = 0
    /// Whether no new calls are taken.
    package internal(set) var isDraining = false
    /// When the last GOAWAY goes out even without the peer's answer.
    var lastGoAwayAt: MonotonicInstant?
    var isClosed = false
    /// Since when nothing arrives because the connection is full of unfinished requests.
    var receiveStuckSince: MonotonicInstant?
    /// Bytes held then.
    var receiveStuckBytes = 0
    /// The time that counts against a peer which does not finish what it sends.
    var receiveClock = ReceiveClock()
    /// By when the peer must have finished what it has begun to send.
    var input: InputDeadlines

    /// What the client speaks.
    var greeting = ClientGreeting()
    /// Whether nothing is sent yet, because the client may speak something else than HTTP/2.
    var holdsOutput = true
    /// What is sent to a client of HTTP/1.1, and when its connection is closed.
    var foreignAnswer: ByteBuffer?
    var closesAt: MonotonicInstant?
    /// What happened so far, but for what calls that run have sent.
    @exclusivity(unchecked) var counted = ConnectionStatistics()

    private var actions: [ServerConnectionAction] = []
    private var toEvaluate: [HTTP2Stream] = []
    private var openings: [SendFlowController.Opening] = []
    @exclusivity(unchecked) private var outputWanted = false
    /// Bytes ever produced, and those of them the kernel was last known to hold back.
    private var producedBytes: UInt64 = 0
    private var acceptedBytes: UInt64 = 0
    /// When output began to wait for the kernel.
    private(set) var socketBlockedSince: MonotonicInstant?
    /// When the connection's own budget is looked at again, while it is used up.
    var pressureCheckAt: MonotonicInstant?

    /// Makes a connection; its SETTINGS are ready to be produced.
    ///
    /// When the receive budget has no room for its first window, so is a GOAWAY, and nothing is received. Connections that run
    /// on one thread may share `spares` and `compression`.
    ///
    /// - Throws: the HTTP/2 library could not be set up.
    package init(
        configuration: ServerConnectionConfiguration, routes: any CallRouting, budget: ProcessSendBudget,
        receiveBudget: ProcessReceiveBudget = ProcessReceiveBudget(limitBytes: 1 << 30),
        spares: BufferPool = BufferPool(), compression: CompressionContexts = CompressionContexts(),
        now: MonotonicInstant, confinement: @escaping () -> Bool = { true }
    ) throws(HTTP2Error) {
        self.configuration = configuration
        self.routes = routes
        self.compression = compression
        processBudget = budget
        self.now = now
        input = InputDeadlines(
            handshake: configuration.handshakeDeadline, frame: configuration.frameDeadline, at: now)
        let flow = SendFlowController(
            limits: configuration.flowLimits,
            budget: ConnectionSendBudget(limitBytes: configuration.connectionSendBudgetBytes, process: budget),
            spares: spares)
        let receiving = ReceiveFlowController(
            targetWindowBytes: configuration.settings.connectionReceiveWindowBytes,
            budget: ConnectionReceiveBudget(
                heldLimitBytes: configuration.connectionReceiveBudgetBytes, process: receiveBudget))
        session = try HTTP2Session(
            settings: configuration.settings, flow: flow, receiving: receiving, confinement: confinement)
        session.flow.lastProgress = now
        if !session.openReceiveWindow() { refuse() }
    }

    // MARK: - Input

    /// Bytes from the peer.
    package func receive(_ bytes: ByteBuffer, at now: MonotonicInstant) {
        self.now = now
        guard !isClosed, closesAt == nil else { return }
        guard let bytes = greeting.verdict == .http2 ? bytes : greet(bytes) else { return }
        do throws(HTTP2Error) {
            try session.receive(bytes, at: now)
        } catch {
            settle()
            fail(error)
            return
        }
        noteInput()
        settle()
        if session.hasTooManyResets {
            resetTooOften("streams were reset too often")
        } else if session.hasProvokedTooManyResets {
            resetTooOften("streams had to be reset too often for breaking the protocol")
        }
    }

    /// Whether the driver should read on; false while the peer provokes replies that it does not read.
    package var wantsInput: Bool { !session.hasTooManyReplies }

    /// Collects frames for the peer in ``output``; the driver takes them and empties it.
    ///
    /// Returns whether there may be more once these are written.
    package func produceOutput(at now: MonotonicInstant) -> Bool {
        self.now = now
        unsafe outputWanted = false
        if var answer = foreignAnswer.take() {
            producedBytes &+= UInt64(session.output.writeBuffer(&answer))
            return false
        }
        guard !holdsOutput else { return false }
        settle()
        let before = session.output.readableBytes
        do throws(HTTP2Error) {
            try session.produceOutput(at: now)
        } catch {
            fail(error)
            return false
        }
        let count = session.output.readableBytes - before
        producedBytes &+= UInt64(count)
        settle()
        return count > 0 && session.wantsOutput
    }

    /// The frames to write.
    package var output: ByteBuffer {
        get { session.output }
        _modify { yield &session.output }
    }

    /// How many bytes of what was produced the kernel has not taken, and whether it takes more at the moment.
    package func outputBuffered(_ count: Int, isWritable: Bool, at now: MonotonicInstant) {
        self.now = now
        let accepted = producedBytes &- UInt64(max(0, count))
        if accepted > acceptedBytes || count == 0 {
            acceptedBytes = accepted
            socketBlockedSince = isWritable ? nil : now
        } else if isWritable {
            socketBlockedSince = nil
        } else if socketBlockedSince == nil {
            socketBlockedSince = now
        }
        let unacceptedData = session.flow.outputBytes
        session.flow.outputAccepted(remaining: max(0, count))
        // Only DATA counts: answers to PINGs and trailers of other streams pass a connection whose window is shut.
        if session.flow.outputBytes < unacceptedData { session.flow.lastProgress = now }
        if isWritable != session.flow.socketIsWritable {
            session.flow.socketIsWritable = isWritable
            for stream in session.orderedStreams(where: \.hasUnsentOutput) { session.touch(stream) }
        }
        settle()
    }

    /// ``nextDeadline`` has come, or something earlier; harmless when nothing is due.
    package func timerFired(at now: MonotonicInstant) {
        self.now = now
        guard !isClosed else { return }
        guard closesAt == nil else { return sayFarewell() }
        if let due = lastGoAwayAt, due <= now { sendLastGoAway() }
        if let due = socketStallInstant, due <= now {
            let seconds = Double(now.nanoseconds(since: socketBlockedSince ?? now)) / 1e9
            act(.report(.connectionStalled(seconds: seconds, streams: session.streams.count)))
            connectionLost("the client's socket took no bytes for \(Duration.seconds(seconds).secondsText)", at: now)
            act(.abort)
            return
        }
        var due: [HTTP2Stream] = []
        relieveOwnBudget()
        // The rest follows at once, after the sockets had their turn: many streams stall at the same instant.
        while due.count < Self.maximumDueAtOnce, let stream = timers.popDue(at: now) { due.append(stream) }
        for stream in due { streamTimerFired(stream) }
        // Behind the streams: one that ends for its own reason is to be told that.
        if inputTimerFired() { return }
        receiveTimerFired()
        settle()
    }

    /// When ``timerFired(at:)`` wants to be called next.
    package var nextDeadline: MonotonicInstant? {
        guard !isClosed else { return nil }
        if let closesAt { return closesAt }
        var earliest = timers.earliest ?? .distantFuture
        if let due = lastGoAwayAt { earliest = min(earliest, due) }
        if let due = socketStallInstant {
            // The kernel does not say when it took a part: look more often than the deadline, so that it is kept to.
            let look = now.advanced(byNanoseconds: configuration.flow.stallDeadline.saturatedNanoseconds / 8)
            earliest = min(earliest, due, look)
        }
        if let due = pressureInstant { earliest = min(earliest, due) }
        if session.flow.awaitsBudget { earliest = min(earliest, now + Self.budgetRetry) }
        if let due = receiveInstant { earliest = min(earliest, due) }
        if let due = inputInstant { earliest = min(earliest, due) }
        return earliest == .distantFuture ? nil : earliest
    }

    /// Most streams whose deadlines are acted on in one entry.
    private static let maximumDueAtOnce = 16

    /// How often a sender that waits for the process's budget asks again: other connections do not know of it.
    static let budgetRetry = Duration.milliseconds(10)

    /// Whether the kernel has taken everything that was produced.
    var outputIsTaken: Bool { producedBytes == acceptedBytes && session.flow.socketIsWritable }

    private var socketStallInstant: MonotonicInstant? {
        guard let since = socketBlockedSince, !session.flow.socketIsWritable else { return nil }
        return since + configuration.flow.stallDeadline
    }

    /// There is no peer any more: every call ends, every sender is told.
    package func connectionLost(_ reason: String, at now: MonotonicInstant) {
        self.now = now
        guard !isClosed else { return }
        isClosed = true
        for stream in session.orderedStreams() {
            countEnd(of: stream, succeeded: false)
            session.flow.discard(stream)
            session.flow.leaveQueues(stream)
            timers.set(stream, to: nil)
            if let call = stream.owner as? ServerCall {
                stream.owner = nil
                end(call, .connectionLost, RPCError(.unavailable, reason))
            }
        }
        session.flow.outputAccepted(remaining: 0)
        session.closeReceiving()
        toEvaluate.removeAll()
    }

    // MARK: - Actions

    /// Takes what the driver has to do, in order.
    package func takeActions() -> [ServerConnectionAction] {
        guard !actions.isEmpty else { return [] }
        var taken: [ServerConnectionAction] = []
        swap(&taken, &actions)
        return taken
    }

    func act(_ action: ServerConnectionAction) {
        actions.append(action)
        outputIsWanted()
    }

    /// Tells the driver once that it should come and produce.
    @inline(__always)
    func outputIsWanted() {
        guard unsafe !outputWanted else { return }
        unsafe outputWanted = true
        onOutputWanted()
    }

    // MARK: - Settling

    /// Acts on everything the session wrote down, until there is nothing new.
    func settle() {
        guard !isClosed else { return }
        repeat {
            for event in session.takeEvents() { handle(event) }
            for stream in session.takeTouched() {
                session.flow.reconsider(stream, at: now, &openings)
                toEvaluate.append(stream)
            }
            if session.connectionWindowChanged || session.flow.hasTurnToGive {
                session.connectionWindowChanged = false
                session.flow.serveQueues(at: now, &openings)
                // What came may be too little for the first one: then its hold-back starts.
                if let first = session.flow.firstOfCreditQueue { session.touch(first) }
            }
            if session.flow.awaitsBudget { session.flow.serveBudgetQueue(at: now, &openings) }
            passOffers()
            for opening in openings {
                switch opening {
                case .granted(let stream): (stream.owner as? ServerCall)?.grantFirstWaiter()
                case .resumeData(let stream): session.resumeData(stream)
                // Touched streams have their timers set anew.
                case .heldBack(let stream): session.touch(stream)
                }
            }
            openings.removeAll(keepingCapacity: true)
        } while !session.events.isEmpty || !session.touched.isEmpty || session.connectionWindowChanged
        session.settleReceiving()
        noteReceivePressure()
        for stream in toEvaluate { evaluate(stream) }
        toEvaluate.removeAll(keepingCapacity: true)
        if !holdsOutput, session.wantsOutput { outputIsWanted() }
        if session.isFinished, session.output.readableBytes == 0 { close() }
    }

    /// A message that was refused is in nobody's hands, so nobody stands in line behind it.
    private func passOffers() {
        while let call = session.flow.firstOfCreditQueue?.owner as? ServerCall, call.cedesPlace() {
            session.flow.serveQueues(at: now, &openings)
        }
        while let call = session.flow.firstOfBudgetQueue?.owner as? ServerCall, call.cedesPlace() {
            session.flow.serveBudgetQueue(at: now, &openings)
        }
    }

    private func close() {
        guard !isClosed else { return }
        if let error = session.lastLibraryError, error.scope == .connection {
            actions.append(.report(.protocolError(error)))
        }
        connectionLost("the connection was closed", at: now)
        actions.append(.close)
    }

    private func fail(_ error: HTTP2Error) {
        guard !isClosed else { return }
        act(.report(.protocolError(session.lastLibraryError ?? error)))
        connectionLost("the connection failed: \(error.reason)", at: now)
        actions.append(.close)
    }
}

// MARK: - Introspection

extension ServerConnection {
    /// What the connection holds at the moment; all zero when it holds nothing.
    package struct Counts: Sendable, Equatable {
        package var streams = 0
        package var heldBytes = 0
        package var suspendedSenders = 0
        package var timers = 0
        /// Bytes of requests that no handler has taken.
        package var receivedBytes = 0
    }

    /// Counts what the connection holds.
    package var counts: Counts {
        var counts = Counts()
        // The library may still hold streams of a closed connection, until it goes away itself.
        counts.streams = isClosed ? 0 : session.streams.count
        counts.heldBytes = session.flow.budget.heldBytes
        counts.timers = timers.count
        counts.receivedBytes = session.receiving.heldBytes
        for stream in session.streams.values {
            guard let call = stream.owner as? ServerCall else { continue }
            unsafe counts.suspendedSenders += call.waiters.count
            counts.heldBytes += call.handedOverBytes
        }
        return counts
    }
}
