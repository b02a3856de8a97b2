// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirServer
internal import WeirTransport

/// The servers that channelz tells of.
final class ChannelzIndex: Sendable {
    struct Entry: Sendable {
        /// The server's number, unique in the process.
        var id: UInt64
        var server: AttachedServer
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ server: AttachedServer) {
        let entry = Entry(id: EntityID.next(), server: server)
        entries.withLock { $0.append(entry) }
    }

    /// All servers, in the order of their numbers.
    var servers: [Entry] { entries.withLock { $0 }.sorted { $0.id < $1.id } }

    func server(_ id: Int64) -> Entry? { servers.first { Int64(clamping: $0.id) == id } }
}
