// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2
internal import WeirRPC

/// What happens on streams, from the request's first field to the end of the call.
extension ServerConnection {
    func handle(_ event: HTTP2Event) {
        switch event {
        case .requestReceived(let stream):
            countStream(stream)
            requestReceived(stream)
        case .dataReceived(let stream): dataReceived(stream)
        case .requestEnded(let stream): requestEnded(stream)
        case .streamClosed(let stream, let code, let initiator):
            countEnd(of: stream, succeeded: code == .noError && initiator != .peer)
            streamClosed(stream, code, initiator)
        case .pingAcknowledged(.drain): if lastGoAwayAt != nil { sendLastGoAway() }
        case .pingAcknowledged, .goAwayReceived: break
        }
    }

    // MARK: - The request

    private func requestReceived(_ stream: HTTP2Stream) {
        // Reset in the same breath: nobody waits for an answer.
        guard stream.sendState != .closed else { return }
        var parser = RequestHeadParser(
            maximumHeaderListBytes: configuration.settings.maxHeaderListBytes,
            maximumFieldCount: configuration.settings.maxHeaderFields)
        // Fields are not kept while a stream lives, unless there is metadata: a thousand stalled ones would hold them for ever.
        let fields = stream.requestFields
        stream.requestFields = HeaderFields()
        let block = fields.bytes
        fields.forEach { name, value in parser.add(name: name, value: value, in: block.span) }
        parser.noteList(bytes: stream.requestListBytes, fields: stream.requestListFields)
        switch parser.finish(block) {
        case .plain(let request):
            answer(stream, answer(of: request), isHead: parser.isHead)
        case .reject(let rejection):
            reject(stream, rejection, parser)
        case .accept(var head):
            guard let route = routes.route(path: head.path) else {
                reject(stream, .grpc(unimplemented(path: head.path)), parser)
                return
            }
            guard CompressionAlgorithm(encoding: head.encoding) != nil else {
                let status = unknownEncoding(head.encoding)
                act(.report(.refused(reason: status.message)))
                session.submitTrailersOnly(
                    .trailersOnly(
                        status, Metadata(), contentType: parser.responseContentType, listsEncodings: true),
                    on: stream)
                return
            }
            // The same text; the request's copy of it would live as long as the stream.
            head.path = route.method.path
            let call = ServerCall(connection: self, stream: stream, route: route, head: head, now: now)
            stream.owner = call
            applyFlow(of: call)
            session.touch(stream)
            if route.method.kind.streamsRequests { start(call, request: nil) } else { requestBegan(call) }
        }
    }

    private func unimplemented(path: String) -> Status {
        let isKnown = routes.knowsService(ofPath: path)
        return Status(
            code: .unimplemented,
            message: isKnown
                ? "the service has no method of the path \(path)" : "there is no service for the path \(path)")
    }

    /// The response's fields list what would be taken (gRPC specification, `doc/compression.md`).
    private func unknownEncoding(_ name: String?) -> Status {
        let name = (name ?? "").prefix(32)
        return Status(code: .unimplemented, message: "messages compressed with \"\(name)\" are not supported here")
    }

    private func reject(_ stream: HTTP2Stream, _ rejection: HTTPRejection, _ parser: RequestHeadParser) {
        switch rejection {
        case .grpc(let status):
            act(.report(.refused(reason: status.message)))
            let fields = HeaderFields.trailersOnly(status, Metadata(), contentType: parser.responseContentType)
            session.submitTrailersOnly(fields, on: stream)
        case .http(let answer):
            self.answer(stream, answer, isHead: parser.isHead)
        case .reset(let code, let message):
            act(.report(.refused(reason: message)))
            session.resetProvoked()
            session.submitReset(stream, code: HTTP2ErrorCode(rawValue: code))
        }
    }

    // MARK: - The response

    /// Sends the response's header fields; if the client does not take so many, the call ends and the reason is returned.
    func submitResponseHeaders(_ call: ServerCall) -> RPCError? {
        let fields = unsafe HeaderFields.response(
            call.responseMetadata, contentType: call.head.contentType, encoding: call.responseCompression)
        let limit = session.maximumSentHeaderListBytes
        guard fields.listBytes <= limit || call.responseMetadata.isEmpty else {
            return refuseHeaders(of: call, bytes: fields.listBytes, limit: limit)
        }
        session.submitResponse(fields, on: call.stream)
        return nil
    }

    private func refuseHeaders(of call: ServerCall, bytes: Int, limit: Int) -> RPCError {
        act(
            .report(.fieldsTooLarge(method: call.route.method.path, stream: call.stream.id, bytes: bytes, limit: limit))
        )
        let status = Status(
            code: .resourceExhausted,
            message:
                "the response's metadata of \(bytes) bytes is larger than the \(limit) bytes that the client takes",
            details: [
                .errorInfo(
                    ErrorInfo(
                        reason: "HEADERS_TOO_LARGE", metadata: ["bytes": String(bytes), "limit": String(limit)]))
            ])
        _ = unsafe call.machine.failed(with: status)
        session.submitTrailersOnly(trailers(status, Metadata(), of: call, only: true), on: call.stream)
        let error = RPCError(status)
        unsafe call.endError = error
        endRequest(of: call)
        cancelHandler(call)
        session.touch(call.stream)
        return error
    }

    /// The fields that end a call; a small status in their place if the client does not take so many.
    ///
    /// Field sections are not flow-controlled and cannot be cut, and a client may end its connection for one that is too large.
    private func trailers(_ status: Status, _ metadata: Metadata, of call: ServerCall, only: Bool = false)
        -> HeaderFields
    {
        let fields = { (status: Status, metadata: Metadata) -> HeaderFields in
            only
                ? .trailersOnly(status, metadata, contentType: call.head.contentType) : .trailers(status, metadata)
        }
        let whole = fields(status, metadata)
        let limit = session.maximumSentHeaderListBytes
        let canBeLess = !metadata.isEmpty || !status.message.isEmpty || !status.details.isEmpty
        guard whole.listBytes > limit, canBeLess else { return whole }
        act(
            .report(
                .fieldsTooLarge(
                    method: call.route.method.path, stream: call.stream.id, bytes: whole.listBytes, limit: limit)))
        let small = status.withoutDetails(trailersBytes: whole.listBytes, limitBytes: limit)
        let smaller = fields(small, Metadata())
        // The code is the least that can be said, whatever the limit.
        return smaller.listBytes <= limit ? smaller : fields(Status(code: small.code), Metadata())
    }

    func handlerReturned(_ call: ServerCall, _ status: Status, _ metadata: Metadata) {
        if call.handlerIsRunning {
            call.handlerIsRunning = false
            handlersRunning -= 1
        }
        call.handlerHasReturned = true
        call.attachment = nil
        unsafe sendStatus(call.machine.handlerReturned(status), call, metadata, truncating: false)
        call.failWaiters()
        endRequest(of: call)
        // The handler's time is over, so what remains is under the tail deadline.
        session.touch(call.stream)
        outputIsWanted()
    }

    private func sendStatus(
        _ action: ServerCallStateMachine.StatusAction, _ call: ServerCall, _ metadata: Metadata, truncating: Bool
    ) {
        switch action {
        case .sendTrailers(let status):
            let trailers = trailers(status, metadata, of: call)
            if truncating {
                session.truncate(trailers, on: call.stream)
            } else {
                session.finish(trailers, on: call.stream)
            }
        case .sendTrailersOnly(let status) where status.code == .ok || !call.responseMetadata.isEmpty:
            // Clients may treat a lone OK as an error: a response that succeeded has both field sections. And what a handler
            // has said goes out, also when it fails then.
            guard submitResponseHeaders(call) == nil else { return }
            session.finish(trailers(status, metadata, of: call), on: call.stream)
        case .sendTrailersOnly(let status):
            session.submitTrailersOnly(trailers(status, metadata, of: call, only: true), on: call.stream)
        case .ignore:
            // A status was decided before; if its trailers wait behind DATA that is not wanted any more, they go now.
            break
        }
    }

    /// Ends a call in its handler's place: status now, past whatever is queued, and the handler is cancelled.
    func fail(_ call: ServerCall, _ status: Status, cause: (any Error)? = nil) {
        let action = unsafe call.machine.failed(with: status)
        if action == .ignore, call.stream.hasUnsentOutput {
            // The handler had returned and its tail is unsent: what it decided cannot be delivered any more.
            session.truncate(trailers(status, Metadata(), of: call), on: call.stream)
        } else {
            sendStatus(action, call, Metadata(), truncating: true)
        }
        unsafe call.endError = RPCError(status, cause: cause)
        endRequest(of: call)
        cancelHandler(call)
        session.touch(call.stream)
    }

    private func cancelHandler(_ call: ServerCall) {
        call.failWaiters()
        if call.handlerIsRunning { act(.cancelHandler(call)) }
    }

    private func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode, _ initiator: HTTP2Error.Initiator) {
        timers.set(stream, to: nil)
        guard let call = stream.owner as? ServerCall else { return }
        stream.owner = nil
        let reason: CallEnd =
            initiator == .peer ? .resetByPeer(code: code.rawValue) : .resetByServer(code: code.rawValue)
        end(call, reason, nil)
    }

    /// The stream is gone: nothing of the call is left on the connection but a handler that may still run.
    func end(_ call: ServerCall, _ reason: CallEnd, _ error: RPCError?) {
        let isDelivered = unsafe reason == .resetByServer(code: 0) && call.endError == nil
        countEnd(of: call, succeeded: unsafe isDelivered && call.machine.end == .finished(.ok))
        if unsafe call.endError == nil { unsafe call.endError = error }
        if unsafe call.machine.terminated(reason) == .cancelHandler {
            cancelHandler(call)
        } else {
            call.failWaiters()
        }
        endRequest(of: call)
    }
}
