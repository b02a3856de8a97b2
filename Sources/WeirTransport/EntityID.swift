// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Numbers of servers and sockets, as channelz names them: from 1, unique in the process and never used again.
package enum EntityID {
    private static let last = Atomic<UInt64>(0)

    /// The next number, from any thread.
    package static func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}
