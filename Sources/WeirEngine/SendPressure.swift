// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
package import WeirHTTP2

/// Frees memory when the process's send budget stays used up: of all connections of all loops, the worst goes first.
///
/// Each loop comes by every ``ServerConnection/pressureInterval`` while there is pressure, names its candidates, and ends
/// those of them that are among the worst of all loops' latest. What other loops named may be a moment old; too much is
/// never ended for it, since each loop only counts what is still missing.
package final class SendPressure: Sendable {
    private let budget: ProcessSendBudget
    private let delay: Duration
    /// What each loop named last: score and bytes.
    private let named = Mutex<[Int: [Offer]]>([:])

    private struct Offer {
        var score: Double
        var heldBytes: Int
    }

    /// Most candidates one loop names at a time.
    private static let maximumOffers = 256

    /// Makes the watch of a budget; nothing is ended before it was used up for `delay`.
    package init(budget: ProcessSendBudget, delay: Duration) {
        self.budget = budget
        self.delay = delay
    }

    /// Ends the worst of these connections' streams if pressure has lasted; returns whether to come by again.
    ///
    /// - Parameter loop: the caller's number, one per loop.
    package func relieve(
        _ connections: some Sequence<ServerConnection>, loop: Int, at now: MonotonicInstant
    ) -> Bool {
        guard let since = budget.pressureSince else {
            named.withLock { $0[loop] = nil }
            return false
        }
        guard since + delay <= now else { return true }
        var own: [(connection: ServerConnection, candidate: ShedCandidate)] = []
        for connection in connections {
            for candidate in connection.shedCandidates(at: now) { own.append((connection, candidate)) }
        }
        own.sort { $0.candidate.score > $1.candidate.score }
        own = Array(own.prefix(Self.maximumOffers))
        let threshold = named.withLock { named in
            named[loop] = own.map { Offer(score: $0.candidate.score, heldBytes: $0.candidate.heldBytes) }
            return lowestScoreToEnd(named.values.flatMap { $0 })
        }
        let chosen = own.filter { $0.candidate.score >= threshold }
        for (connection, candidate) in chosen { connection.shed([candidate], at: now) }
        named.withLock { $0[loop]?.removeAll { $0.score >= threshold } }
        return budget.pressureSince != nil
    }

    /// The score from which on everything has to go so that the budget falls below its relief mark.
    private func lowestScoreToEnd(_ offers: [Offer]) -> Double {
        var missing = budget.takenBytes - budget.reliefBytes + 1
        var threshold = Double.infinity
        for offer in offers.sorted(by: { $0.score > $1.score }) where missing > 0 {
            threshold = offer.score
            missing -= offer.heldBytes
        }
        return threshold
    }
}
