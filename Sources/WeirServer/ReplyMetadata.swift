// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirRPC

/// Metadata that a handler leaves for the end of its call, from any thread.
final class ReplyMetadata: Sendable {
    private struct Trailing {
        var set = Metadata()
        var added = Metadata()
    }

    private let trailing = Mutex(Trailing())

    func setTrailing(_ metadata: Metadata) {
        trailing.withLock { $0.set = metadata }
    }

    /// Adds to what was or will be set.
    func addTrailing(_ metadata: Metadata) {
        trailing.withLock { $0.added.add(contentsOf: metadata) }
    }

    var trailingMetadata: Metadata { trailingMetadata(insteadOf: nil) }

    /// What was added, behind `replacement` or else what was set.
    func trailingMetadata(insteadOf replacement: Metadata?) -> Metadata {
        trailing.withLock { trailing in
            var all = replacement ?? trailing.set
            all.add(contentsOf: trailing.added)
            return all
        }
    }
}
