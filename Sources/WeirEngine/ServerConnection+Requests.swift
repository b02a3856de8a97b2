// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2
internal import WeirRPC

/// What becomes of the bytes of requests: messages that handlers take, and credit that goes back for them.
extension ServerConnection {
    func dataReceived(_ stream: HTTP2Stream) {
        guard let bytes = stream.inbound.take() else { return }
        guard let call = stream.owner as? ServerCall, call.isOpen else {
            guard let exchange = stream.owner as? PlainExchange else { return session.discardRequest(of: stream) }
            return bodyReceived(exchange, bytes.readableBytes, on: stream)
        }
        let count = bytes.readableBytes
        unsafe call.deframer.append(bytes)
        if call.route.method.kind.streamsRequests {
            answerAsk(of: call)
            messageMoved(call, count)
        } else {
            requestMoved(call, count)
            collectRequest(of: call)
        }
    }

    func requestEnded(_ stream: HTTP2Stream) {
        guard let call = stream.owner as? ServerCall, stream.sendState != .closed else {
            if let exchange = stream.owner as? PlainExchange { bodyEnded(exchange, on: stream) }
            return
        }
        requestIsOver(call)
        if call.route.method.kind.streamsRequests { return answerAsk(of: call) }
        switch unsafe call.machine.requestEnded(atMessageBoundary: call.deframer.isAtMessageBoundary) {
        case .deliver:
            guard let request = call.request.take() else { return }
            session.requestTaken(.max, on: stream)
            start(call, request: request)
        case .fail(let status):
            fail(call, status)
        case .ignore:
            break
        }
    }

    func start(_ call: ServerCall, request: ByteBuffer?) {
        call.handlerIsRunning = true
        handlersRunning += 1
        act(.startHandler(call, request: request))
    }

    /// Nobody will take what is left of the request.
    func endRequest(of call: ServerCall) {
        requestIsOver(call)
        call.request = nil
        unsafe call.deframer = MessageDeframer(maximumMessageBytes: 0)
        session.discardRequest(of: call.stream)
        if let waiter = call.requestWaiter.take() { act(.resumeReceiver(waiter, .failed(call.error))) }
    }

    // MARK: - One message

    private func collectRequest(of call: ServerCall) {
        do throws(RPCError) {
            while let message = try unsafe call.deframer.next() {
                countRequestMessage()
                switch unsafe call.machine.requestMessageReceived() {
                case .deliver:
                    call.request = message
                    unsafe call.requestWasCompressed = call.deframer.messageIsCompressed
                case .fail(let status): return fail(call, status)
                case .ignore: break
                }
            }
        } catch {
            return fail(call, error.status)
        }
        // The handler starts with the whole message, so it waits for all of it; the deframer's limit bounds it.
        requestIsWanted(on: call)
    }

    /// The application waits for a message that is not whole: the client is given the credit for its rest.
    func requestIsWanted(on call: ServerCall) {
        let wholeBytes = unsafe call.stream.receiveCredit.heldBytes + call.deframer.missingBytes
        guard session.receiving.couldHold(wholeBytes) else {
            let text = "a request of \(wholeBytes) bytes is larger than the receive budget"
            return fail(call, Status(code: .resourceExhausted, message: text))
        }
        session.requestWanted(on: call.stream)
    }

    // MARK: - A stream of messages

    private func answerAsk(of call: ServerCall) {
        guard let waiter = call.requestWaiter.take() else { return }
        if let outcome = takeRequest(of: call) {
            act(.resumeReceiver(waiter, outcome))
        } else {
            call.requestWaiter = waiter
            requestIsWanted(on: call)
        }
    }

    /// Takes the next message or the end of the request; nil when neither is there.
    func takeRequest(of call: ServerCall) -> RequestOutcome? {
        guard call.isOpen else { return .failed(call.error) }
        do throws(RPCError) {
            if let message = try unsafe call.deframer.next() {
                countRequestMessage()
                _ = unsafe call.machine.requestMessageReceived()
                requestIsOver(call)
                session.requestTaken(MessagePrefix.byteCount + message.readableBytes, on: call.stream)
                unsafe call.requestWasCompressed = call.deframer.messageIsCompressed
                return call.requestWasCompressed ? .compressed(message) : .message(message)
            }
        } catch {
            fail(call, error.status)
            return .failed(call.error)
        }
        guard call.stream.requestEnded else { return nil }
        if case .fail(let status) = unsafe call.machine.requestEnded(
            atMessageBoundary: call.deframer.isAtMessageBoundary)
        {
            fail(call, status)
            return .failed(call.error)
        }
        return .ended
    }

    /// A handler asked, outside of the connection's own turn.
    func requestWasTaken() {
        guard !isClosed else { return }
        session.settleReceiving()
        if session.wantsOutput { outputIsWanted() }
    }
}
