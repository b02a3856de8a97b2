// SPDX-License-Identifier: Apache-2.0

/// Our own signed ledger of a flow-control window in which the peer lets us send (RFC 9113 §6.9).
///
/// nghttp2 clamps a negative stream window to 0 when asked and does not announce a window that closes, so the truth is
/// kept here from SETTINGS, WINDOW_UPDATE and DATA sent; tests compare both.
package struct SendWindow {
    /// Bytes that may be sent now; negative after SETTINGS made the initial window smaller (RFC 9113 §6.9.2).
    package private(set) var bytes: Int
    /// The largest the window has been under the initial size in force: a message above this can never be sent in one piece.
    package private(set) var largestBytes: Int
    /// Whether the peer has ever granted credit while at least half of the largest window was still open.
    ///
    /// Such a peer refills early, so a window that stays too small for a message means that it does not read.
    package private(set) var refillsEarly = false

    /// Makes a window of this many bytes.
    package init(bytes: Int) {
        self.bytes = bytes
        largestBytes = bytes
    }

    /// DATA payload, padding included, was sent.
    package mutating func sent(_ count: Int) {
        bytes -= count
    }

    /// A WINDOW_UPDATE granted credit.
    package mutating func granted(_ increment: Int) {
        // A window that is closed is not half open, even if it was never any wider.
        if bytes > 0, bytes * 2 >= largestBytes { refillsEarly = true }
        bytes += increment
        largestBytes = max(largestBytes, bytes)
    }

    /// SETTINGS_INITIAL_WINDOW_SIZE changed by `delta` (RFC 9113 §6.9.2: stream windows only).
    package mutating func initialSizeChanged(by delta: Int) {
        bytes += delta
        // A peer that made its windows smaller will not open them as far as before.
        largestBytes = max(largestBytes + min(0, delta), bytes, 0)
    }
}
