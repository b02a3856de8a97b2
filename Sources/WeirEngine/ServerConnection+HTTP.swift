// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2
internal import WeirRPC

/// Answers to clients that speak HTTP/2 and not gRPC.
///
/// An answer waits for the end of the request's body, which is thrown away as it comes and credited: clients that are answered
/// in the middle of an upload have to give it up, and some of them lose the answer with it. A refusal does not wait long.
extension ServerConnection {
    /// How long a refusal waits for the end of a body that nobody wants.
    private static let refusalPatience = Duration.seconds(1)

    /// What is answered to a request that is no gRPC call.
    func answer(of request: PlainRequest) -> HTTPAnswer {
        request.answer(isRPC: routes.route(path: request.path) != nil, isDraining: isDraining)
    }

    /// Answers a request now, or when its body has ended.
    func answer(_ stream: HTTP2Stream, _ answer: HTTPAnswer, isHead: Bool) {
        if !answer.isSuccess { act(.report(.refused(reason: answer.text))) }
        guard !stream.requestEnded else { return send(answer, isHead: isHead, on: stream) }
        let patience = answer.isSuccess ? configuration.flow.requestDeadline : Self.refusalPatience
        stream.owner = PlainExchange(
            answer: answer, isHead: isHead,
            due: receiveClock.time(at: now) + min(patience, configuration.flow.requestDeadline))
        session.touch(stream)
    }

    /// Bytes of a body came: they are counted, and their credit goes back.
    func bodyReceived(_ exchange: PlainExchange, _ count: Int, on stream: HTTP2Stream) {
        exchange.bodyBytes += count
        guard exchange.bodyBytes <= PlainRequest.maximumBodyBytes else {
            session.discardRequest(of: stream)
            return finish(exchange, exchange.answer.isSuccess ? .contentTooLarge : exchange.answer, on: stream)
        }
        session.requestTaken(count, on: stream)
    }

    /// The body has ended.
    func bodyEnded(_ exchange: PlainExchange, on stream: HTTP2Stream) {
        finish(exchange, exchange.answer, on: stream)
    }

    /// When the answer is due without the body's end.
    func bodyInstant(of stream: HTTP2Stream) -> MonotonicInstant? {
        guard let exchange = stream.owner as? PlainExchange else { return nil }
        return receiveClock.instant(of: exchange.due) ?? now + Self.stoppedLook
    }

    /// Answers if the body's end is due; returns whether it was.
    func bodyTimerFired(_ stream: HTTP2Stream) -> Bool {
        guard let exchange = stream.owner as? PlainExchange, isDue(exchange.due) else { return false }
        finish(exchange, exchange.answer.isSuccess ? .requestTimeout : exchange.answer, on: stream)
        return true
    }

    private func finish(_ exchange: PlainExchange, _ answer: HTTPAnswer, on stream: HTTP2Stream) {
        stream.owner = nil
        session.touch(stream)
        if answer != exchange.answer { act(.report(.refused(reason: answer.text))) }
        send(answer, isHead: exchange.isHead, on: stream)
    }

    private func send(_ answer: HTTPAnswer, isHead: Bool, on stream: HTTP2Stream) {
        session.respond(
            .plain(code: answer.status, allow: answer.allow), text: answer.text, hasBody: !isHead, on: stream)
    }
}
