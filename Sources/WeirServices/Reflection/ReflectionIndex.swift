// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirServer

/// What the servers that serve a reflection service have, made when it is asked for.
final class ReflectionIndex: Sendable {
    private struct State {
        var servers: [AttachedServer] = []
        /// Made at the first question.
        var table: ReflectionTable?
    }

    private let state = Mutex(State())

    func add(_ server: AttachedServer) {
        state.withLock { state in
            state.servers.append(server)
            state.table = nil
        }
    }

    /// The names of all services, in alphabetical order.
    var serviceNames: [String] {
        state.withLock { state in Set(state.servers.flatMap(\.serviceNames)).sorted() }
    }

    /// All files and what they declare.
    var table: ReflectionTable {
        state.withLock { state in
            if let table = state.table { return table }
            let table = ReflectionTable(state.servers.flatMap(\.fileDescriptors))
            state.table = table
            return table
        }
    }
}
