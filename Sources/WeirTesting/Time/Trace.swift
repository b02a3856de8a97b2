// SPDX-License-Identifier: Apache-2.0

/// What happened in a simulation, as one number, and the last of it as text.
///
/// Two runs with one seed have the same number at every instant, whatever the machine does meanwhile.
final class Trace {
    /// What is noted.
    enum Kind: UInt8 {
        case connected, serverRead, serverWrote, handlerStarted, handlerCancelled, report, serverLost
        case clientRead, frame, callEnded, clientLost
    }

    private struct Entry {
        var time: Int64
        var kind: Kind
        var client: Int
        var numbers: (Int, Int, Int, Int)
    }

    /// Most entries kept as text.
    private static let keptEntries = 256

    private let clock: VirtualClock
    private var recent: [Entry] = []
    private var next = 0
    /// How many things happened.
    private(set) var count: UInt64 = 0
    /// All of them, in order, as one number.
    private(set) var hash: UInt64 = 0x57E1_57E1_57E1_57E1

    init(clock: VirtualClock) {
        self.clock = clock
    }

    /// Something happened to a client or its connection; the numbers' meaning depends on the kind.
    func note(_ kind: Kind, _ client: Int, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0) {
        let entry = Entry(time: clock.now.nanoseconds, kind: kind, client: client, numbers: (a, b, c, d))
        count &+= 1
        mix(UInt64(bitPattern: entry.time))
        mix(UInt64(kind.rawValue) << 32 | UInt64(truncatingIfNeeded: UInt32(truncatingIfNeeded: client)))
        mix(UInt64(truncatingIfNeeded: a) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: b))
        mix(UInt64(truncatingIfNeeded: c) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: d))
        if recent.count < Self.keptEntries {
            recent.append(entry)
        } else {
            recent[next] = entry
        }
        next = (next + 1) % Self.keptEntries
    }

    private func mix(_ number: UInt64) {
        hash = (hash ^ number) &* 0x2127_599B_F432_5C37
        hash ^= hash >> 29
    }

    /// The last entries, one a line, the oldest first.
    var text: String {
        let ordered = recent.count < Self.keptEntries ? recent : Array(recent[next...] + recent[..<next])
        return ordered.map { entry in
            let numbers = entry.numbers
            return "\(Double(entry.time) / 1e9)s client \(entry.client) \(entry.kind) "
                + "\(numbers.0) \(numbers.1) \(numbers.2) \(numbers.3)"
        }.joined(separator: "\n")
    }
}
