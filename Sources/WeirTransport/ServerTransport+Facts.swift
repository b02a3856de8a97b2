// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2

/// What connections do, told by their own loops in one short job each.
extension ServerTransport {
    /// What all connections did so far, those that are gone included.
    package func totals() async -> ConnectionTotals {
        var sum = ConnectionStatistics()
        for loop in loops {
            let part = try? await loop.eventLoop.submit {
                var part = loop.value.ended
                for handler in loop.value.connections.values { part.add(handler.connection.statistics) }
                return part
            }.get()
            if let part { sum.add(part) }
        }
        var totals = ConnectionTotals()
        totals.callsStarted = sum.callsStarted
        totals.callsSucceeded = sum.callsSucceeded
        totals.callsFailed = sum.callsFailed
        totals.sinceLastCall = MonotonicInstant.now.duration(since: sum.lastCallAt)
        return totals
    }

    /// The open connections with the lowest numbers from `start` on, in order, `limit` of them at most.
    package func connections(from start: UInt64, limit: Int) async -> [ConnectionName] {
        var found: [ConnectionName] = []
        for loop in loops {
            let part = try? await loop.eventLoop.submit {
                let ids = loop.value.connections.keys.filter { $0 >= start }.sorted().prefix(max(0, limit))
                return ids.map { ConnectionName(id: $0, remoteAddress: loop.value.connections[$0]?.remoteAddress) }
            }.get()
            found += part ?? []
        }
        return Array(found.sorted { $0.id < $1.id }.prefix(max(0, limit)))
    }

    /// An open connection; nil when there is none of this number.
    package func connection(_ id: UInt64) async -> ConnectionFacts? {
        for loop in loops {
            let facts = try? await loop.eventLoop.submit { () -> ConnectionFacts? in
                guard let handler = loop.value.connections[id] else { return nil }
                return ConnectionFacts(
                    handler.connection, id: id, channel: handler.context?.channel, remoteAddress: handler.remoteAddress)
            }.get()
            if let facts = facts ?? nil { return facts }
        }
        return nil
    }
}
