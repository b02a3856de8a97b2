// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// At most so many calls at a time as the measured latency allows.
///
/// The latency of a call is the time from its admission to its end, of a stream the time to its first response; a stream
/// gives its place back with that. Failed calls are counted, and give no latency: failing fast is not being fast. Cancelled
/// calls teach nothing. The algorithm is asked once per window.
public final class AdaptiveLimit: AdmissionPolicy, LoadSignal {
    private struct State {
        var algorithm: any LimitAlgorithm
        var limit: Int
        var inFlight = 0
        var window: SampleWindow
        var holding = HoldingTime()
    }

    /// The name in rejections and events.
    public let name: String

    private let observer: (any PolicyObserver)?
    private let state: Mutex<State>

    /// A limit that an algorithm computes.
    ///
    /// - Parameters:
    ///   - algorithm: how the limit follows the windows.
    ///   - window: the shortest time that a window takes.
    ///   - minimumSamples: the fewest calls that make a window.
    ///   - shortestSample: calls that took less are not counted: an answer from a cache says nothing of the server.
    ///   - name: the name in rejections and events.
    ///   - observer: takes the events.
    public init(
        _ algorithm: some LimitAlgorithm, window: Duration = .seconds(1), minimumSamples: Int = 10,
        shortestSample: Duration = .microseconds(100), name: String = "adaptive", observer: (any PolicyObserver)? = nil
    ) {
        self.name = name
        self.observer = observer
        state = Mutex(
            State(
                algorithm: algorithm, limit: max(1, algorithm.limit),
                window: SampleWindow(
                    duration: window, minimumSamples: minimumSamples, shortestSample: shortestSample)))
    }

    /// Calls that may run at a time now.
    public var limit: Int { state.withLock { $0.limit } }

    /// Calls that run now.
    public var inFlight: Int { state.withLock { $0.inFlight } }

    /// The part of the limit that is in use.
    public func load(at now: PolicyInstant) -> Double {
        state.withLock { min(1, Double($0.inFlight) / Double($0.limit)) }
    }

    /// The tag of a grant that holds no place.
    private static let noPlace: Int64 = 1

    /// Lets the call in while there is a place; else it may come back after the mean time that calls take.
    ///
    /// A call whose request is a stream always passes: its client decides how long it takes.
    public func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer {
        if call.isUpload { return .granted(Grant(for: call, at: now, tag: Self.noPlace)) }
        let retryAfter = state.withLock { state -> Duration? in
            guard state.inFlight < state.limit else {
                state.window.keptOut()
                return state.holding.retryAfter
            }
            state.inFlight += 1
            state.window.started(inFlight: state.inFlight, at: now)
            return nil
        }
        guard let retryAfter else { return .granted(Grant(for: call, at: now)) }
        return .rejected(Rejection(.adaptiveLimit, policy: name, retryAfter: .after(retryAfter)))
    }

    /// Frees the place and learns from the call.
    public func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant) {
        guard grant.tag != Self.noPlace else { return }
        let (before, after) = state.withLock { state in
            state.inFlight = max(0, state.inFlight - 1)
            let latency = now.nanoseconds(since: grant.startedAt)
            switch outcome {
            case .succeeded:
                state.window.succeeded(afterNanoseconds: latency)
                state.holding.record(nanoseconds: latency)
            case .failed:
                state.window.failed()
                state.holding.record(nanoseconds: latency)
            case .ignored:
                break
            }
            let before = state.limit
            if let window = state.window.close(inFlight: state.inFlight, at: now) {
                state.algorithm.update(window)
                state.limit = max(1, state.algorithm.limit)
            }
            return (before, state.limit)
        }
        if before != after { observer?.observe(.limitChanged(policy: name, from: before, to: after)) }
    }

    /// The stream's latency is known, and its place is free.
    public func responseStarted(_ grant: Grant, at now: PolicyInstant) -> Bool {
        end(grant, as: .succeeded, at: now)
        return true
    }
}
