// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A queue in front of a limit, for load that comes in bursts.
///
/// Part of an ``AdmissionChain``; a call waits in it until a place is free, its time is up or its deadline is too near. A
/// queue absorbs bursts. Against lasting overload it only adds latency, which is why ``Discipline/controlledDelay(target:interval:)``
/// cuts the wait down as soon as the queue does not run empty any more.
public final class BoundedQueue: LoadSignal {
    /// Who waits for how long, and who is next.
    public enum Discipline: Hashable, Sendable {
        /// The oldest first, each for at most so long.
        case firstInFirstOut(timeout: Duration)
        /// Each for at most `interval`, the oldest first, while the queue runs empty at least once per interval; once it
        /// does not, new calls wait for at most `target` and the newest is next.
        ///
        /// CoDel as servers use it, with adaptive LIFO (Maurer, "Fail at Scale", ACM Queue 13/8): in overload the newest
        /// caller is the likeliest to be still there, and nobody waits long only to be turned away. Unlike there, overload
        /// is over when no call waited in vain for an interval, not at the first moment at which the queue is empty.
        case controlledDelay(target: Duration, interval: Duration)

        /// Controlled delay with the published 5 ms and 100 ms.
        public static var controlledDelay: Discipline {
            .controlledDelay(target: .milliseconds(5), interval: .milliseconds(100))
        }
    }

    /// The name in rejections and events.
    public let name: String
    /// Calls that may wait at a time, at least 1.
    public let capacity: Int
    /// Who waits for how long.
    public let discipline: Discipline

    private let observer: (any PolicyObserver)?
    private let state: Mutex<WaitingLine>

    /// A queue for `capacity` calls.
    public init(
        capacity: Int, discipline: Discipline = .controlledDelay, name: String = "queue",
        observer: (any PolicyObserver)? = nil
    ) {
        self.capacity = max(1, capacity)
        self.discipline = discipline
        self.name = name
        self.observer = observer
        state = Mutex(WaitingLine(capacity: self.capacity, discipline: discipline))
    }

    /// Calls that wait now.
    public var length: Int { state.withLock { $0.count } }

    /// The part of the capacity that is in use.
    public func load(at now: PolicyInstant) -> Double { Double(length) / Double(capacity) }

    /// How long a call that came now would wait, by how fast the queue moved lately; nil before anything is known.
    public var expectedWait: Duration? {
        state.withLock { line in line.expectedWaitNanoseconds.map { .nanoseconds($0) } }
    }

    // MARK: - For the chain

    enum Joining {
        case joined(WaitingCall)
        case refused(Rejection)
    }

    enum Abandoning {
        case gone
        /// It is being offered a place at this moment; whoever does that will find it abandoned.
        case inHand
        case removed(WaitingEntry)
    }

    struct Late {
        let entry: WaitingEntry
        let rejection: Rejection
    }

    struct Next {
        let entry: WaitingEntry
        /// Why its wait was in vain; nil when it may be offered a place.
        let rejection: Rejection?
    }

    /// The latest time that the queue was told.
    var latestInstant: PolicyInstant { state.withLock { $0.latest } }

    /// When the first wait ends; nil while nobody waits.
    var nextExpiry: PolicyInstant? { state.withLock { $0.nextExpiry } }

    func isEmpty(at now: PolicyInstant) -> Bool {
        state.withLock { $0.isEmpty(at: now) }
    }

    func join(
        _ call: CallFacts, held: [HeldGrant], onTurn: @escaping @Sendable (AdmissionTurn) -> Void,
        at now: PolicyInstant
    ) -> Joining {
        let (joining, length) = state.withLock { line -> (Joining, Int) in
            switch line.join(call, held: held, onTurn: onTurn, at: now) {
            case .joined(let waiting): (.joined(waiting), line.count)
            case .full: (.refused(rejection(.queueFull, line.retryAfter)), line.count)
            case .tooLate(let isPast):
                (.refused(rejection(.queueDeadline, isPast ? .never : line.retryAfter)), line.count)
            }
        }
        if case .joined = joining { observer?.observe(.queued(policy: name, length: length, capacity: capacity)) }
        return joining
    }

    func abandon(_ id: UInt64) -> Abandoning {
        state.withLock { $0.abandon(id) }
    }

    func beginServing() -> Bool {
        state.withLock { $0.beginServing() }
    }

    func endServing() -> Bool {
        state.withLock { $0.endServing() }
    }

    /// The entry whose turn it is, taken out of the line; one whose time is up comes with its rejection.
    func next(at now: PolicyInstant) -> Next? {
        let (next, length) = state.withLock { line -> (Next?, Int) in
            guard let entry = line.next(at: now) else { return (nil, 0) }
            let reason = line.lateness(of: entry, at: now)
            if reason != nil { line.drop(entry, at: now) }
            return (Next(entry: entry, rejection: reason.map { self.late($0, entry, line, at: now) }), line.count)
        }
        if let next, next.rejection != nil { reportEnd(of: next.entry, length: length, at: now) }
        return next
    }

    /// Puts an entry back into its place; false when it was abandoned meanwhile.
    func putBack(_ entry: WaitingEntry) -> Bool {
        state.withLock { $0.putBack(entry) }
    }

    /// An entry has had its turn; false when it was abandoned meanwhile.
    func departed(_ entry: WaitingEntry, at now: PolicyInstant) -> Bool {
        let (isWanted, length) = state.withLock { line in (line.departed(entry, at: now), line.count) }
        reportEnd(of: entry, length: length, at: now)
        return isWanted
    }

    /// All whose time is up.
    func expire(at now: PolicyInstant) -> [Late] {
        let (late, length) = state.withLock { line -> ([Late], Int) in
            let entries = line.expire(at: now)
            return (
                entries.map { entry in
                    let reason = line.lateness(of: entry, at: now) ?? .queueTimeout
                    return Late(entry: entry, rejection: self.late(reason, entry, line, at: now))
                }, line.count
            )
        }
        for late in late { reportEnd(of: late.entry, length: length, at: now) }
        return late
    }

    private func reportEnd(of entry: WaitingEntry, length: Int, at now: PolicyInstant) {
        observer?.observe(
            .dequeued(
                policy: name, waited: now.duration(since: entry.joinedAt), length: length, capacity: capacity))
    }

    /// A call whose deadline has passed is not helped by coming back with it.
    private func late(
        _ reason: RejectionReason, _ entry: WaitingEntry, _ line: WaitingLine, at now: PolicyInstant
    ) -> Rejection {
        rejection(reason, reason == .queueDeadline ? .never : line.retryAfter)
    }

    private func rejection(_ reason: RejectionReason, _ retryAfter: Rejection.RetryAfter) -> Rejection {
        Rejection(reason, policy: name, retryAfter: retryAfter)
    }
}
