// SPDX-License-Identifier: Apache-2.0

/// Receive bytes of one stream, each credited back to the peer exactly once per window.
///
/// Connection credit goes back at receipt, so that one reader that stops does not stop the others. Stream credit goes back
/// when the application takes the bytes, or while it waits for the rest of a message that they are part of.
package struct ReceiveCredit {
    /// Bytes whose stream credit is still owed: received and not yet taken.
    package private(set) var owedStreamBytes = 0

    /// Makes a ledger of a stream that has received nothing.
    package init() {}

    /// DATA arrived; returns the connection credit to give back now.
    package mutating func received(_ count: Int) -> Int {
        owedStreamBytes += count
        return count
    }

    /// The application took bytes, or waits for the rest of the message they belong to; returns the stream credit to give
    /// back: never more than is owed.
    package mutating func taken(_ count: Int) -> Int {
        let credit = min(count, owedStreamBytes)
        owedStreamBytes -= credit
        return credit
    }

    /// The stream is over: its window is gone, so nothing is owed on it any more.
    package mutating func streamEnded() {
        owedStreamBytes = 0
    }
}
