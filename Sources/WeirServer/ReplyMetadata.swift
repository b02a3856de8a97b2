// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirRPC

/// Metadata that a handler leaves for the end of its call, from any thread.
final class ReplyMetadata: Sendable {
    private let trailing = Mutex(Metadata())

    func setTrailing(_ metadata: Metadata) {
        trailing.withLock { $0 = metadata }
    }

    var trailingMetadata: Metadata { trailing.withLock { $0 } }
}
