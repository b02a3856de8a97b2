// SPDX-License-Identifier: Apache-2.0

internal import WeirRPC
package import WeirServer

/// The table of all settings of a server: one row each, from which everything else follows.
///
/// A row's name is its property's, without `Bytes` at the end. Whoever adds a property adds a row here; the flag, the
/// environment variable, the key in files, the help and `--print-config` come with it, and a test says when it is missing.
package enum ServerSettings {
    /// All settings, in the order in which they are shown.
    package static let all: [Setting<ServerConfiguration>] = own + admission

    private static let own: [Setting<ServerConfiguration>] = [
        Setting("host", .text("host"), \.host, "Name or address to listen on."),
        Setting("port", .count, \.port, "Port to listen on; 0 picks a free one and prints it."),
        Setting("threads", .count, \.threads, default: "one per core", "Event loops, each a thread."),
        Setting(
            "stallDeadline", .duration, \.stallDeadline, method: \.stallDeadline,
            "Cancel a stream blocked this long without progress."),
        Setting(
            "tailDeadline", .duration, \.tailDeadline, method: \.tailDeadline,
            "As --stall-deadline, once the handler is done and its tail is unsent."),
        Setting(
            "idleDeadline", .duration, \.idleDeadline, none: "never", method: \.idleDeadline,
            "Cancel a stream on which nothing is sent or received this long."),
        Setting(
            "minimumRate", .rate, \.minimumRate, none: "none", method: \.minimumRate,
            "Cancel a stream whose client reads fewer bytes per second, over 30s unless said otherwise."),
        Setting(
            "handshakeDeadline", .duration, \.handshakeDeadline,
            "Close a connection whose preface, SETTINGS or their acknowledgement take longer."),
        Setting(
            "frameDeadline", .duration, \.frameDeadline,
            "Close a connection with a frame or header fields unfinished for longer."),
        Setting(
            "requestDeadline", .duration, \.requestDeadline, method: \.requestDeadline,
            "Refuse a request of one message that is not whole after this."),
        Setting(
            "requestBytesPerSecond", .size, \.requestBytesPerSecond, method: \.requestBytesPerSecond,
            "So many bytes of such a request buy it another second."),
        Setting(
            "streamBuffer", .size, \.streamBufferBytes, "Bytes a stream queues before its sender is suspended."),
        Setting(
            "connectionSendBudget", .size, \.connectionSendBudgetBytes,
            "Bytes queued on one connection; senders wait beyond it."),
        Setting(
            "processSendBudget", .size, \.processSendBudgetBytes, default: "a quarter of memory",
            "Bytes queued on all connections; senders wait beyond it."),
        Setting(
            "pressureBeforeShedding", .duration, \.pressureBeforeShedding,
            "End the worst streams once a send budget was used up for so long."),
        Setting(
            "processReceiveBudget", .size, \.processReceiveBudgetBytes, default: "an eighth of memory",
            "Bytes of requests held for all connections; clients wait beyond it."),
        Setting(
            "maximumRequest", .size, \.maximumRequestBytes, method: \.maximumRequestBytes, "Largest request message."),
        Setting(
            "maximumResponse", .size, \.maximumResponseBytes, none: "none", method: \.maximumResponseBytes,
            "Largest response message."),
        Setting(
            "responseCompression", .choice, \.responseCompression, method: \.responseCompression,
            "How responses are compressed for clients that take it: identity, gzip or deflate."),
        Setting("maximumHeaderList", .size, \.maximumHeaderListBytes, "Largest header list of a request."),
        Setting(
            "maxConcurrentStreams", .count, \.maxConcurrentStreams, "Calls a client may have open on one connection."),
        Setting("drainGrace", .duration, \.drainGrace, "How long running calls may take to end after SIGTERM."),
    ]

    /// The name of the property behind a setting in messages of ``WeirServer/ServerConfiguration/problem``.
    package static func isMentioned(_ name: String, in message: String) -> Bool {
        message.split { !($0.isLetter || $0.isNumber) }.contains { $0 == name || $0 == name + "Bytes" }
    }
}
