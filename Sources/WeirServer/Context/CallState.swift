// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Synchronization
internal import WeirEngine
internal import WeirRPC
internal import WeirTransport

/// What all contexts of one call share: its handle, and what is said beside its messages, from any thread.
final class CallState: Sendable {
    let handle: CallHandle

    private struct Replies {
        /// Metadata that was set, and what was added to it, which setting it again leaves alone.
        var response = Metadata()
        var responseAdditions = Metadata()
        var trailing = Metadata()
        var trailingAdditions = Metadata()
        var logger: Logger?
        var handlerHasBegun = false
    }

    private let serverLogger: Logger
    private let replies = Mutex(Replies())

    init(handle: CallHandle, logger: Logger) {
        self.handle = handle
        serverLogger = logger
    }

    // MARK: - The handler

    /// Notes that the handler begins; false when it has begun before.
    func beginHandler() -> Bool {
        replies.withLock { replies in
            defer { replies.handlerHasBegun = true }
            return !replies.handlerHasBegun
        }
    }

    var handlerHasBegun: Bool { replies.withLock { $0.handlerHasBegun } }

    // MARK: - Metadata

    /// Sets the response's metadata and returns all of it.
    func setResponse(_ metadata: Metadata) -> Metadata {
        replies.withLock { replies in
            replies.response = metadata
            return Self.joined(metadata, replies.responseAdditions)
        }
    }

    /// Adds to the response's metadata and returns all of it.
    func addResponse(_ metadata: Metadata) -> Metadata {
        replies.withLock { replies in
            replies.responseAdditions.add(contentsOf: metadata)
            return Self.joined(replies.response, replies.responseAdditions)
        }
    }

    func setTrailing(_ metadata: Metadata) {
        replies.withLock { $0.trailing = metadata }
    }

    func addTrailing(_ metadata: Metadata) {
        replies.withLock { $0.trailingAdditions.add(contentsOf: metadata) }
    }

    /// What goes out with the status; that of an error, if it has any, takes the place of what was set.
    func trailing(ofError metadata: Metadata = Metadata()) -> Metadata {
        replies.withLock { replies in
            Self.joined(metadata.isEmpty ? replies.trailing : metadata, replies.trailingAdditions)
        }
    }

    private static func joined(_ metadata: Metadata, _ additions: Metadata) -> Metadata {
        guard !additions.isEmpty else { return metadata }
        guard !metadata.isEmpty else { return additions }
        var all = metadata
        all.add(contentsOf: additions)
        return all
    }

    // MARK: - The log

    /// The server's logger with what tells this call from others; made when it is asked for first.
    var logger: Logger {
        if let logger = replies.withLock({ $0.logger }) { return logger }
        var logger = serverLogger
        logger[metadataKey: "weir.method"] = "\(handle.call.route.method.path)"
        logger[metadataKey: "weir.peer"] = "\(Peer(handle.remoteAddress))"
        logger[metadataKey: "weir.connection"] = "\(handle.connectionID)"
        logger[metadataKey: "weir.stream"] = "\(handle.call.streamID)"
        logger[metadataKey: "weir.request_id"] = "\(requestID)"
        let made = logger
        replies.withLock { $0.logger = made }
        return made
    }

    /// Most bytes of a request id that a client may choose.
    static let maximumRequestIDBytes = 128

    var requestID: String {
        if let id = handle.call.head.metadata[string: "x-request-id"], !id.isEmpty,
            id.utf8.count <= Self.maximumRequestIDBytes
        {
            return id
        }
        return "\(handle.connectionID)-\(handle.call.streamID)"
    }
}
