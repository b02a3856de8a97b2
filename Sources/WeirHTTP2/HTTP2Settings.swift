// SPDX-License-Identifier: Apache-2.0

/// What this side announces and enforces on a connection, with the defaults of the design's table.
package struct HTTP2Settings: Sendable, Equatable {
    /// SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.2).
    package var maxConcurrentStreams: Int = 1000
    /// Receive window of each stream, in bytes, before it is measured.
    package var streamReceiveWindowBytes: Int = 64 * 1024
    /// Receive window of the connection, in bytes, before it is measured.
    ///
    /// A new connection has 65,535 (RFC 9113 §6.9.2) and gets here when the peer sends, as far as the receive budget allows.
    package var connectionReceiveWindowBytes: Int = 1024 * 1024
    /// Widest receive window of a stream that measuring leads to, in bytes; at or below the first, it stays as it is.
    package var maximumStreamReceiveWindowBytes: Int = 4 * 1024 * 1024
    /// As ``maximumStreamReceiveWindowBytes``, for the connection.
    package var maximumConnectionReceiveWindowBytes: Int = 4 * 1024 * 1024
    /// Whether receive windows grow with what the peer sends in a round trip, measured with PING.
    package var measuresBandwidth = true
    /// Field sections above this are answered with a status; above four times this the stream is reset.
    package var maxHeaderListBytes: Int = 16 * 1024
    /// As ``maxHeaderListBytes``, for the number of fields.
    package var maxHeaderFields: Int = 128
    /// RST_STREAM frames the peer may send at once, and per second after that (CVE-2023-44487).
    package var resetBurst: Int = 200
    package var resetsPerSecond: Int = 20
    /// RST_STREAM frames the peer may make this side send by breaking the protocol, at once, and per second after that
    /// (CVE-2025-8671).
    package var provokedResetBurst: Int = 100
    package var provokedResetsPerSecond: Int = 10
    /// CONTINUATION frames for one field section (CVE-2024-28182).
    package var maxContinuations: Int = 8
    /// Entries in one SETTINGS frame (CVE-2020-11080).
    package var maxSettingsEntries: Int = 32
    /// Replies (PING, SETTINGS, RST_STREAM) waiting to be sent before no more input is taken.
    package var maxQueuedReplies: Int = 500
    /// Bytes of output collected before producing pauses.
    package var outputHighWatermarkBytes: Int = 64 * 1024

    package init() {}
}
