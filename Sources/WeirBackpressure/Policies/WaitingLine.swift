// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// A call that waits, with what earlier policies gave it.
struct WaitingEntry: Sendable {
    let id: UInt64
    let call: CallFacts
    let joinedAt: PolicyInstant
    /// When its wait ends at the latest, its deadline included.
    let until: PolicyInstant
    let held: [HeldGrant]
    let onTurn: @Sendable (AdmissionTurn) -> Void
}

/// Who waits, who is next and who has waited too long; a pure machine behind the lock of ``BoundedQueue``.
///
/// Numbers grow in the order of joining, and entries leave at both ends or are searched for by number, so the line is always
/// sorted. One entry at a time may be *in hand*: taken out to be offered a place.
struct WaitingLine: Sendable {
    enum Joining {
        case joined(WaitingCall)
        case full
        case tooLate(isPast: Bool)
    }

    let capacity: Int
    private let target: Int64
    private let interval: Int64
    private let isControlled: Bool

    private var entries = Deque<WaitingEntry>()
    private var nextID: UInt64 = 0
    private var lastEmpty: PolicyInstant?
    /// When the last call waited in vain, or found no place, in overload.
    private var lastLoss: PolicyInstant?
    private var inHand: UInt64?
    private var inHandIsAbandoned = false
    private var isServing = false
    private var mustServeAgain = false
    private var lastDeparture: PolicyInstant?
    private var departureInterval: Int64?
    private(set) var latest = PolicyInstant(nanoseconds: .min)

    init(capacity: Int, discipline: BoundedQueue.Discipline) {
        self.capacity = capacity
        switch discipline {
        case .firstInFirstOut(let timeout):
            interval = max(0, timeout.clampedNanoseconds)
            target = interval
            isControlled = false
        case .controlledDelay(let target, let interval):
            self.interval = max(0, interval.clampedNanoseconds)
            self.target = min(max(0, target.clampedNanoseconds), self.interval)
            isControlled = true
        }
    }

    /// Entries that wait, the one in hand included.
    var count: Int { entries.count + (inHand == nil ? 0 : 1) }

    mutating func isEmpty(at now: PolicyInstant) -> Bool {
        latest = max(latest, now)
        guard count == 0 else { return false }
        lastEmpty = latest
        return true
    }

    /// Whether the queue has not run empty for an interval: a standing queue, not a burst.
    ///
    /// It stays so until an interval has passed in which no call waited in vain. Short waits alone would empty the queue by
    /// chance now and then, and each time the calls of the next interval would wait for all of it again.
    private func isOverloaded(at now: PolicyInstant) -> Bool {
        guard isControlled, let lastEmpty else { return false }
        if now.nanoseconds(since: lastEmpty) > interval { return true }
        return lastLoss.map { now.nanoseconds(since: $0) <= interval } ?? false
    }

    private mutating func noteLoss(at now: PolicyInstant) {
        if isOverloaded(at: now) { lastLoss = now }
    }

    // MARK: - Joining and leaving

    mutating func join(
        _ call: CallFacts, held: [HeldGrant], onTurn: @escaping @Sendable (AdmissionTurn) -> Void,
        at now: PolicyInstant
    ) -> Joining {
        if isEmpty(at: now) { lastDeparture = nil }
        let isOverloaded = isOverloaded(at: now)
        var until = now.advanced(byNanoseconds: isOverloaded ? target : interval)
        if let deadline = call.deadline {
            guard now < deadline else { return .tooLate(isPast: true) }
            // The newest is next in overload, and then it does not wait for the others.
            let wait = isOverloaded ? 0 : expectedWaitNanoseconds ?? 0
            guard wait < deadline.nanoseconds(since: now) else { return .tooLate(isPast: false) }
            until = min(until, deadline)
        }
        guard count < capacity else {
            noteLoss(at: now)
            return .full
        }
        let entry = WaitingEntry(id: nextID, call: call, joinedAt: now, until: until, held: held, onTurn: onTurn)
        nextID += 1
        entries.append(entry)
        return .joined(WaitingCall(id: entry.id, until: until))
    }

    mutating func abandon(_ id: UInt64) -> BoundedQueue.Abandoning {
        if inHand == id {
            guard !inHandIsAbandoned else { return .gone }
            inHandIsAbandoned = true
            return .inHand
        }
        let index = position(of: id)
        guard index < entries.count, entries[index].id == id else { return .gone }
        let entry = entries.remove(at: index)
        noteIfEmpty()
        return .removed(entry)
    }

    /// Where the number is, or would be.
    private func position(of id: UInt64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func noteIfEmpty() {
        if count == 0 { lastEmpty = latest }
    }

    // MARK: - Serving

    mutating func beginServing() -> Bool {
        if isServing {
            mustServeAgain = true
            return false
        }
        // Nothing to do is the common case, and need not keep others out.
        guard !entries.isEmpty else { return false }
        isServing = true
        mustServeAgain = false
        return true
    }

    /// Ends a round; true when something happened meanwhile and another round is due.
    mutating func endServing() -> Bool {
        if mustServeAgain {
            mustServeAgain = false
            return true
        }
        isServing = false
        return false
    }

    /// Takes the next entry in hand.
    mutating func next(at now: PolicyInstant) -> WaitingEntry? {
        latest = max(latest, now)
        guard let entry = isOverloaded(at: now) ? entries.popLast() : entries.popFirst() else { return nil }
        inHand = entry.id
        inHandIsAbandoned = false
        return entry
    }

    /// Why an entry's wait was in vain; nil when it was not.
    func lateness(of entry: WaitingEntry, at now: PolicyInstant) -> RejectionReason? {
        guard now >= entry.until else { return nil }
        if let deadline = entry.call.deadline, now >= deadline { return .queueDeadline }
        return .queueTimeout
    }

    /// Lets go of the entry in hand, whose time is up.
    mutating func drop(_ entry: WaitingEntry, at now: PolicyInstant) {
        inHand = nil
        noteLoss(at: now)
        noteIfEmpty()
    }

    mutating func putBack(_ entry: WaitingEntry) -> Bool {
        inHand = nil
        guard !inHandIsAbandoned else {
            noteIfEmpty()
            return false
        }
        entries.insert(entry, at: position(of: entry.id))
        return true
    }

    mutating func departed(_ entry: WaitingEntry, at now: PolicyInstant) -> Bool {
        inHand = nil
        if let lastDeparture {
            let gap = now.nanoseconds(since: lastDeparture)
            departureInterval = departureInterval.map { $0 + (gap - $0) / 8 } ?? gap
        }
        lastDeparture = now
        noteIfEmpty()
        return !inHandIsAbandoned
    }

    mutating func expire(at now: PolicyInstant) -> [WaitingEntry] {
        latest = max(latest, now)
        guard let first = nextExpiry, first <= now else { return [] }
        noteLoss(at: now)
        let late = entries.filter { $0.until <= now }
        entries.removeAll { $0.until <= now }
        noteIfEmpty()
        return Array(late)
    }

    /// When the first wait ends.
    ///
    /// Waits are of two lengths, so the line is not sorted by their ends.
    var nextExpiry: PolicyInstant? {
        entries.lazy.map(\.until).min()
    }

    // MARK: - What to tell

    /// How long the last of the line waits, by the mean time between departures.
    var expectedWaitNanoseconds: Int64? {
        guard let departureInterval else { return nil }
        let (product, overflow) = departureInterval.multipliedReportingOverflow(by: Int64(clamping: count + 1))
        return overflow ? .max : product
    }

    /// When the queue as it is now will have been served; before anything is known, the longest wait.
    var retryAfter: Rejection.RetryAfter {
        let nanoseconds = expectedWaitNanoseconds ?? interval
        return .after(.nanoseconds(min(max(10_000_000, nanoseconds), 60_000_000_000)))
    }
}
