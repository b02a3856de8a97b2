// SPDX-License-Identifier: Apache-2.0

/// What may be received and sent on one call of a server, and what each event leads to.
///
///                requestMessageReceived
///                      ┌───┐
///     request side:   open ────────── requestEnded ──────────► ended
///
///                responseMessageAdmitted
///                      ┌─────────────┐
///     response side:  idle ──► headersSent ── handlerReturned / failed ──► finished (trailers)
///                      └───────────────────── handlerReturned / failed ──► finished (trailers-only)
///
///     any state ── terminated ──► terminated
///
/// Where the request is a stream, its events come when the handler takes them, not when they arrive.
///
/// Three kinds of event do not fit the state:
/// - *the peer's fault* (two messages for a unary request, an end within a message): the action is `.fail` with the
///   status that the caller passes on to `failed(with:)`;
/// - *late* (anything after the end, since both sides act at once): the action is `.ignore`, or `.refuse` where
///   somebody waits for an answer;
/// - *the handler's fault* (two responses to a unary call, OK without a response): refused, or turned into a status.
package struct ServerCallStateMachine: Sendable {
    private enum RequestSide {
        case open, ended
    }

    private enum ResponseSide {
        case idle, headersSent
    }

    private enum State {
        case active(RequestSide, ResponseSide)
        /// A status was decided; the request side may go on until the client ends it.
        case finished(RequestSide, CallEnd)
        case terminated(CallEnd)
    }

    /// Which sides of the call are streams.
    package let kind: MethodKind

    private var state = State.active(.open, .idle)
    private var hasRequestMessage = false
    private var hasResponseMessage = false

    /// The machine of a call whose header fields have been accepted.
    package init(kind: MethodKind) {
        self.kind = kind
    }

    // MARK: - The request side

    /// What to do with a received message or the end of the request.
    package enum RequestAction: Equatable, Sendable {
        /// Hand it to the handler.
        case deliver
        /// End the call with this status, by `failed(with:)`, and cancel the handler.
        case fail(Status)
        /// Drop it: the call is over.
        case ignore
    }

    /// A whole message has been received.
    package mutating func requestMessageReceived() -> RequestAction {
        guard case .active(.open, _) = state else { return .ignore }
        if hasRequestMessage, !kind.streamsRequests {
            // gRPC specification, `doc/statuscodes.md`: request cardinality violation.
            return .fail(Status(code: .unimplemented, message: "the method takes one request message, not more"))
        }
        hasRequestMessage = true
        return .deliver
    }

    /// The client has ended its side; `atMessageBoundary` is false when part of a message is left over.
    package mutating func requestEnded(atMessageBoundary: Bool) -> RequestAction {
        switch state {
        case .active(.open, let response):
            state = .active(.ended, response)
        case .finished(.open, let end):
            state = .finished(.ended, end)
            return .ignore
        case .active(.ended, _), .finished(.ended, _), .terminated:
            return .ignore
        }
        if !atMessageBoundary {
            return .fail(
                Status(code: .internalError, message: "the client ended its request in the middle of a message"))
        }
        if !hasRequestMessage, !kind.streamsRequests {
            // As above: none is another number than one.
            return .fail(
                Status(code: .unimplemented, message: "the method takes one request message, and there was none"))
        }
        return .deliver
    }

    // MARK: - The response side

    /// What to do with a message that the handler sends.
    package enum ResponseMessageAction: Sendable {
        /// Send it; `sendHeaders` says that the response's header fields go first, `isFirst` that no message went before.
        case send(sendHeaders: Bool, isFirst: Bool)
        /// Throw this to the handler.
        case refuse(RPCError)
    }

    /// The handler's message was admitted to the send queue.
    package mutating func responseMessageAdmitted() -> ResponseMessageAction {
        switch state {
        case .active(let request, let response):
            if hasResponseMessage, !kind.streamsResponses {
                return .refuse(RPCError(.internalError, "the method gives one response message, not more"))
            }
            defer { hasResponseMessage = true }
            state = .active(request, .headersSent)
            return .send(sendHeaders: response == .idle, isFirst: !hasResponseMessage)
        case .finished(_, let end), .terminated(let end):
            return .refuse(end.error)
        }
    }

    /// The handler wants the response's header fields sent ahead of a message; whether they are to be sent now.
    ///
    /// False when they have been sent and when the call is over.
    package mutating func responseHeadersRequested() -> Bool {
        guard case .active(let request, .idle) = state else { return false }
        state = .active(request, .headersSent)
        return true
    }

    // MARK: - The end

    /// What to do once a status is decided.
    package enum StatusAction: Equatable, Sendable {
        /// Send trailers with this status, behind the queued messages.
        case sendTrailers(Status)
        /// Send this status in the only HEADERS frame of the response.
        case sendTrailersOnly(Status)
        /// Send nothing: the call is over already.
        case ignore
    }

    /// The handler returned or threw, which comes to this status.
    ///
    /// OK without the message that a unary response needs becomes INTERNAL.
    package mutating func handlerReturned(_ status: Status) -> StatusAction {
        if status.code == .ok, !hasResponseMessage, !kind.streamsResponses {
            return finish(Status(code: .internalError, message: "the handler returned without a response message"))
        }
        return finish(status)
    }

    /// The server ends the call in the handler's place: the peer's fault, a stall, a deadline, a drain.
    ///
    /// The caller cancels the handler, whose return is then ignored.
    package mutating func failed(with status: Status) -> StatusAction {
        finish(status)
    }

    /// What to do when the stream is gone.
    package enum TerminationAction: Equatable, Sendable {
        /// Cancel the handler and resume whoever waits on the call with the error of the end.
        case cancelHandler
        /// The handler was through already, or told already.
        case ignore
    }

    /// The stream is gone: nothing can be sent any more.
    ///
    /// Has an effect the first time only, and only while the call is open.
    package mutating func terminated(_ end: CallEnd) -> TerminationAction {
        switch state {
        case .active:
            state = .terminated(end)
            return .cancelHandler
        case .finished(_, let finished):
            state = .terminated(finished)
            return .ignore
        case .terminated:
            return .ignore
        }
    }

    private mutating func finish(_ status: Status) -> StatusAction {
        guard case .active(let request, let response) = state else { return .ignore }
        state = .finished(request, .finished(status.code))
        return response == .idle ? .sendTrailersOnly(status) : .sendTrailers(status)
    }
}

// MARK: - Questions

extension ServerCallStateMachine {
    /// Whether no status has been decided and the stream is there: messages may go both ways.
    package var isOpen: Bool {
        if case .active = state { true } else { false }
    }

    /// Whether the response's header fields are still to be sent.
    package var responseHeadersAreUnsent: Bool {
        if case .active(_, .idle) = state { true } else { false }
    }

    /// Whether the client may still send.
    ///
    /// If so when the trailers have gone out, RST_STREAM(NO_ERROR) has to follow them (RFC 9113 §8.1).
    package var requestIsOpen: Bool {
        switch state {
        case .active(.open, _), .finished(.open, _): true
        case .active(.ended, _), .finished(.ended, _), .terminated: false
        }
    }

    /// How the call ended, or nil while it is open.
    package var end: CallEnd? {
        switch state {
        case .active: nil
        case .finished(_, let end), .terminated(let end): end
        }
    }
}
