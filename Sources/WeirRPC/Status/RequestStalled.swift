// SPDX-License-Identifier: Apache-2.0

/// Why a call was ended: its client did not finish the request, or a message of it.
package struct RequestStalled: Hashable, Sendable {
    /// Bytes of the request's unfinished message that arrived, its prefix included.
    package let receivedBytes: Int
    /// Whether the message was there, and only the end of the request was missing.
    package let isWhole: Bool
    /// Whether the request is a stream, of which one message was not finished.
    package let isStream: Bool
    /// How long the request was waited for, without the time in which the server took nothing.
    package let waitedFor: Duration

    /// Makes a report.
    package init(receivedBytes: Int, isWhole: Bool, isStream: Bool = false, waitedFor: Duration) {
        self.receivedBytes = receivedBytes
        self.isWhole = isWhole
        self.isStream = isStream
        self.waitedFor = waitedFor
    }

    /// What the client is told: RESOURCE_EXHAUSTED, as for a response that stalls, with what was missing and what to do.
    package func status(deadline: Duration, bytesPerSecond: Int, retryDelay: Duration) -> Status {
        Status(
            code: .resourceExhausted, message: message(deadline: deadline, bytesPerSecond: bytesPerSecond),
            details: [
                .errorInfo(
                    ErrorInfo(
                        reason: "REQUEST_STALLED",
                        metadata: [
                            "received_bytes": String(receivedBytes), "waited_for": waitedFor.secondsText,
                            "missing": isWhole ? "end_stream" : "message",
                        ])),
                .retryInfo(RetryInfo(retryDelay: retryDelay)),
            ])
    }

    private func message(deadline: Duration, bytesPerSecond: Int) -> String {
        guard !isWhole else {
            return
                "the request stalled: its message of \(receivedBytes) bytes is there, but its end was not sent within "
                + "\(waitedFor.secondsText). Close the sending side (END_STREAM) with the message."
        }
        guard !isStream else {
            return
                "a request message stalled: \(receivedBytes) bytes of it arrived within \(waitedFor.secondsText), and it is "
                + "not whole. Send a message within \(deadline.secondsText) of its first byte, or at least \(bytesPerSecond) "
                + "bytes of it per second."
        }
        return
            "the request stalled: \(receivedBytes) bytes of it arrived within \(waitedFor.secondsText), and it is not "
            + "whole. Send a request within \(deadline.secondsText), or at least \(bytesPerSecond) bytes of it per second."
    }
}
