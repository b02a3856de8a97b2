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

    /// The size that the peer announced: SETTINGS_INITIAL_WINDOW_SIZE, or the connection's 65,535 bytes.
    private var initialBytes: Int

    /// Makes a window of this many bytes.
    package init(bytes: Int) {
        self.bytes = bytes
        largestBytes = bytes
        initialBytes = bytes
    }

    /// How wide the window is when everything was read, as far as can be told: what the peer announced, if it never went
    /// much beyond, else the largest that it has been.
    ///
    /// Some peers grant more than that for a message they want to finish, and take it back by granting less afterwards.
    package var fullBytes: Int { largestBytes < 2 * initialBytes ? min(largestBytes, initialBytes) : largestBytes }

    /// Whether `free` open bytes are at least half of the window: no peer need return credit yet.
    func isHalfOpen(_ free: Int) -> Bool { free > 0 && free * 2 >= fullBytes }

    /// Whether the window was once so wide that this may have been for one message only.
    var wasWidened: Bool { largestBytes >= 2 * max(initialBytes, 65_535) }

    /// The peer let the window stand as it is for a whole hold-back: it need not become as wide again as it has been.
    mutating func stoodStill() {
        if wasWidened { largestBytes = max(bytes, initialBytes) }
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
        initialBytes += delta
        // A peer that made its windows smaller will not open them as far as before.
        largestBytes = max(largestBytes + min(0, delta), bytes, 0)
    }
}
