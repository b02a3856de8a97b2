// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// A request in plain HTTP whose answer waits until its body has come: what hangs on such a stream in place of a call.
final class PlainExchange {
    /// What is answered when the body has ended.
    let answer: HTTPAnswer
    /// Whether the answer has no body (HEAD).
    let isHead: Bool
    /// When the answer goes out even without the body's end, by the connection's receive clock.
    let due: MonotonicInstant
    /// Bytes of the body so far; nothing of them is kept.
    var bodyBytes = 0

    init(answer: HTTPAnswer, isHead: Bool, due: MonotonicInstant) {
        self.answer = answer
        self.isHead = isHead
        self.due = due
    }
}
