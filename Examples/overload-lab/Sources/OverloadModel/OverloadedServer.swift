// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
public import WeirBackpressure
internal import WeirTesting

/// A server of a few cores under open-loop load in virtual time.
///
/// Calls that run share the cores (processor sharing), each needs 10 to 30 ms of one, or, for a server that waits for
/// others, takes that long whatever else runs. Each caller gives up after a second, and the server stops working for it
/// then, which is kinder than most are: what was spent on the call is spent in vain all the same.
public final class OverloadedServer {
    /// What became of the calls that came after the warm-up.
    public struct Result: Sendable {
        /// Calls that came.
        public var offered = 0
        /// Calls that were answered before their caller gave up.
        public var answered = 0
        /// Calls that were turned away.
        public var rejected = 0
        /// Calls whose caller gave up.
        public var gaveUp = 0
        /// From arrival to answer, in nanoseconds, of what was answered in time.
        public var latencies: [Int64] = []
        /// Of these, how many each client got.
        public var answeredByClient: [Int]
        /// The most calls that ran at a time, warm-up included.
        public var peakRunning = 0
        /// The most calls that waited at a time, warm-up included.
        public var peakWaiting = 0
        /// Rejections that did not say when to come back.
        public var rejectionsWithoutTime = 0

        /// The latency that `part` of what was answered stayed below, in milliseconds; 0 when nothing was.
        public func latency(_ part: Double) -> Double {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1e6
        }

        /// The latency that 99 of 100 stayed below, in milliseconds.
        public func p99() -> Double { latency(0.99) }
    }

    private enum Event {
        case arrival
        case deadline(Int)
        case completion(version: Int)
        case timer
    }

    private struct Job {
        var arrivedAt: Int64
        var client: Int
        var demand: Double
        var permit: Permit?
        var waiting: WaitingCall?
        var isRunning = false
        /// The attained service at which it is done.
        var doneAt = 0.0
    }

    /// Cores that the calls share.
    public static let cores = 8
    /// Clients: of 20, four send calls of low priority and four of high priority; every other one calls another method.
    public static let clients = 20
    /// How long a caller waits, in nanoseconds.
    public static let patience: Int64 = 1_000_000_000
    /// Calls per second that the cores can do.
    public static let capacity = Double(cores) / 0.020

    private let chain: AdmissionChain?
    private let isProcessorBound: Bool
    private var random: SeededGenerator
    private var events = EventQueue<Event>()
    private var jobs: [Int: Job] = [:]
    private var nextJob = 0
    private var now: Int64 = 0
    /// Nanoseconds of service that a call which runs from the beginning would have attained.
    private var attained = 0.0
    private var attainedAt: Int64 = 0
    private var running = 0
    private var waitingCount = 0
    /// Calls by the attained service at which they are done; those that were given up are skipped when they come up.
    private var completions = EventQueue<Int>()
    private var version = 0
    private var result = Result(answeredByClient: Array(repeating: 0, count: OverloadedServer.clients))
    private var measuredFrom: Int64 = 0
    private var meanGap = 0.0

    /// A server behind a chain, or behind none.
    public init(chain: AdmissionChain?, isProcessorBound: Bool = true, seed: UInt64) {
        self.chain = chain
        self.isProcessorBound = isProcessorBound
        random = SeededGenerator(seed: seed)
    }

    /// Runs `load` times the capacity for so many seconds and reports what came after the warm-up.
    public func run(load: Double, seconds: Double, warmUp: Double) -> Result {
        meanGap = 1e9 / (Self.capacity * load)
        measuredFrom = Int64(warmUp * 1e9)
        let end = Int64(seconds * 1e9)
        events.add(.arrival, at: 0)
        while let (time, event) = events.next(), time <= end {
            now = time
            switch event {
            case .arrival: arrive()
            case .deadline(let id): giveUp(id)
            case .completion(let version): if version == self.version { complete() }
            case .timer: chain?.timerFired(at: PolicyInstant(nanoseconds: now))
            }
            takeTurns()
        }
        return result
    }

    private var isMeasured: Bool { now >= measuredFrom }
    private var instant: PolicyInstant { PolicyInstant(nanoseconds: now) }

    private func arrive() {
        events.add(.arrival, at: now + random.exponential(mean: meanGap))
        let id = nextJob
        nextJob += 1
        let client = Int.random(in: 0..<Self.clients, using: &random)
        jobs[id] = Job(
            arrivedAt: now, client: client,
            demand: Double.random(in: 10e6...30e6, using: &random))
        events.add(.deadline(id), at: now + Self.patience)
        if isMeasured { result.offered += 1 }
        guard let chain else { return start(id, permit: nil) }
        let call = CallFacts(
            method: client % 2 == 0 ? "lab.Service/Even" : "lab.Service/Odd", peer: "client-\(client)",
            priority: client < 4 ? .low : client < 16 ? .normal : .high,
            deadline: PolicyInstant(nanoseconds: now + Self.patience))
        switch chain.admit(call, at: instant, onTurn: { [turns] in turns.add(id, $0) }) {
        case .admit(let permit): start(id, permit: permit)
        case .reject(let rejection): reject(id, rejection)
        case .wait(let waiting):
            jobs[id]?.waiting = waiting
            waitingCount += 1
            result.peakWaiting = max(result.peakWaiting, waitingCount)
            events.add(.timer, at: waiting.until.nanoseconds)
        }
    }

    /// The turns that the chain gave, for the end of the event.
    private final class Turns: Sendable {
        private let state = Mutex<[(Int, AdmissionTurn)]>([])

        func add(_ id: Int, _ turn: AdmissionTurn) { state.withLock { $0.append((id, turn)) } }

        func takeAll() -> [(Int, AdmissionTurn)] {
            state.withLock { turns in
                defer { turns = [] }
                return turns
            }
        }
    }

    private let turns = Turns()

    private func takeTurns() {
        for (id, turn) in turns.takeAll() {
            jobs[id]?.waiting = nil
            waitingCount -= 1
            switch turn {
            case .admit(let permit): start(id, permit: permit)
            case .reject(let rejection): reject(id, rejection)
            }
        }
    }

    private func reject(_ id: Int, _ rejection: Rejection) {
        jobs[id] = nil
        guard isMeasured else { return }
        result.rejected += 1
        if case .after(let time) = rejection.retryAfter, time <= .zero { result.rejectionsWithoutTime += 1 }
    }

    // MARK: - Processor sharing

    private var rate: Double {
        isProcessorBound ? min(1, Double(Self.cores) / Double(max(1, running))) : 1
    }

    private func advance() {
        attained += Double(now - attainedAt) * rate
        attainedAt = now
    }

    private func start(_ id: Int, permit: Permit?) {
        guard var job = jobs[id] else { return }
        advance()
        job.permit = permit
        job.isRunning = true
        job.doneAt = attained + job.demand
        jobs[id] = job
        completions.add(id, at: Int64(job.doneAt))
        running += 1
        result.peakRunning = max(result.peakRunning, running)
        schedule()
    }

    private func schedule() {
        version += 1
        while let next = completions.first, jobs[next.event] == nil { _ = completions.next() }
        guard let next = completions.first else { return }
        let missing = max(0, Double(next.time) - attained)
        events.add(.completion(version: version), at: now + Int64(missing / rate) + 1)
    }

    private func complete() {
        advance()
        while let next = completions.first, Double(next.time) <= attained + 1 {
            _ = completions.next()
            guard let job = jobs[next.event] else { continue }
            running -= 1
            jobs[next.event] = nil
            if isMeasured {
                result.answered += 1
                result.latencies.append(now - job.arrivedAt)
                result.answeredByClient[job.client] += 1
            }
            job.permit?.succeeded(at: instant)
        }
        schedule()
    }

    private func giveUp(_ id: Int) {
        guard let job = jobs[id] else { return }
        jobs[id] = nil
        if isMeasured { result.gaveUp += 1 }
        if let waiting = job.waiting, chain?.abandon(waiting, at: instant) == true { waitingCount -= 1 }
        guard job.isRunning else { return }
        advance()
        running -= 1
        // The deadline came with the call, so the server knows that it has failed.
        job.permit?.failed(at: instant)
        schedule()
    }
}
