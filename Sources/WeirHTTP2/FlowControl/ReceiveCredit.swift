// SPDX-License-Identifier: Apache-2.0

/// Received bytes of one stream, and which of them its own window is still to be opened for.
///
/// Stream credit goes back when the application takes the bytes, or while it waits for the rest of a message that they are
/// part of. Padding never comes here: the library returns its credit itself.
package struct ReceiveCredit {
    /// Bytes received that the application has not taken.
    package private(set) var heldBytes = 0
    /// The part of ``heldBytes`` whose stream credit has not been returned.
    package private(set) var withheldBytes = 0

    /// Makes a ledger of a stream that has received nothing.
    package init() {}

    /// DATA arrived.
    package mutating func received(_ count: Int) {
        heldBytes += count
        withheldBytes += count
    }

    /// The application waits for the rest of a message: everything held is part of it, and the peer must be able to go on.
    package mutating func wanted() {
        withheldBytes = 0
    }

    /// The application took bytes, the oldest first; returns how many, never more than are held.
    package mutating func taken(_ count: Int) -> Int {
        let count = max(0, min(count, heldBytes))
        // Credit that went back early was for the oldest bytes.
        let early = heldBytes - withheldBytes
        heldBytes -= count
        withheldBytes -= max(0, count - early)
        return count
    }

    /// Nobody will take what is held; returns how many bytes that is.
    package mutating func discard() -> Int {
        let count = heldBytes
        heldBytes = 0
        withheldBytes = 0
        return count
    }
}
