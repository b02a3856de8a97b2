// SPDX-License-Identifier: Apache-2.0

/// What a PING of ours is for; its eight bytes say so, and so does the peer's answer (RFC 9113 §6.7).
package enum HTTP2Ping: UInt64, Sendable, CaseIterable {
    /// Requests that were on their way when the drain began have arrived once this is answered.
    case drain = 0x7765_6972_0000_0001
    /// Measures the round trip for ``BandwidthEstimator``.
    case bandwidth = 0x7765_6972_0000_0002
}
