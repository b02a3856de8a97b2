// SPDX-License-Identifier: Apache-2.0

/// How many calls of each priority came in lately, and which of them make up a given part of all.
///
/// Two counts of half a period each, the older one thrown away when the newer is full: always the same few words. No
/// randomness: of a class that is shed in part, every call adds its part to a remainder, and one is shed when that is whole.
struct PriorityMix: Sendable {
    private let halfPeriod: Int64
    private var older = PriorityCounts()
    private var newer = PriorityCounts()
    private var newerSince: PolicyInstant?
    private var remainder = 0.0

    init(periodNanoseconds: Int64) {
        halfPeriod = max(1, periodNanoseconds / 2)
    }

    mutating func arrived(_ priority: CallPriority, at now: PolicyInstant) {
        if let since = newerSince {
            let age = now.nanoseconds(since: since)
            if age >= halfPeriod {
                older = age / 2 >= halfPeriod ? PriorityCounts() : newer
                newer = PriorityCounts()
                newerSince = now
            }
        } else {
            newerSince = now
        }
        newer.add(priority)
    }

    /// Whether a call of that priority belongs to the `part` of the calls that matter least.
    ///
    /// Critical ones never do.
    mutating func isShed(_ priority: CallPriority, part: Double) -> Bool {
        guard part > 0, priority < .critical else { return false }
        if part >= 1 { return true }
        let below = older.count(below: priority) + newer.count(below: priority)
        let same = older.count(of: priority) + newer.count(of: priority)
        // What is left of the part after all lower classes, as a part of this class.
        let wanted = part * Double(older.total + newer.total) - Double(below)
        guard wanted > 0, same > 0 else { return false }
        remainder += min(1, wanted / Double(same))
        guard remainder >= 1 else { return false }
        remainder -= 1
        return true
    }
}

/// A number for each priority.
private struct PriorityCounts: Sendable {
    private var low = 0
    private var normal = 0
    private var high = 0
    private var critical = 0

    var total: Int { low + normal + high + critical }

    mutating func add(_ priority: CallPriority) {
        switch priority {
        case .low: low += 1
        case .normal: normal += 1
        case .high: high += 1
        case .critical: critical += 1
        }
    }

    func count(of priority: CallPriority) -> Int {
        switch priority {
        case .low: low
        case .normal: normal
        case .high: high
        case .critical: critical
        }
    }

    func count(below priority: CallPriority) -> Int {
        switch priority {
        case .low: 0
        case .normal: low
        case .high: low + normal
        case .critical: low + normal + high
        }
    }
}
