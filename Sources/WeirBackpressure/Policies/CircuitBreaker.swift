// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirRPC

/// Stops calling what keeps failing, and tries again with a few calls after a while.
///
/// Use it as a policy in a chain, or around anything that is `async throws`, such as what a handler calls. A failure is
/// what says that the other side is unwell; being turned away, cancelled, or told that a request is wrong is not.
public final class CircuitBreaker: AdmissionPolicy {
    /// The name in rejections and events.
    public let name: String

    private let observer: (any PolicyObserver)?
    private let state: Mutex<BreakerMachine>

    /// A closed breaker.
    ///
    /// - Parameters:
    ///   - failureThreshold: failures in a row that open it.
    ///   - resetTimeout: how long it stays open before it tries again.
    ///   - maximumResetTimeout: how long it stays open at most; each failed try doubles the time up to that.
    ///   - probes: calls that are let through to try; more than that wait for their outcome.
    ///   - successes: probes that have to succeed for it to close, at most `probes`.
    ///   - name: the name in rejections and events.
    ///   - observer: takes the events.
    public init(
        failureThreshold: Int = 5, resetTimeout: Duration = .seconds(30), maximumResetTimeout: Duration? = nil,
        probes: Int = 1, successes: Int = 1, name: String = "breaker", observer: (any PolicyObserver)? = nil
    ) {
        self.name = name
        self.observer = observer
        state = Mutex(
            BreakerMachine(
                threshold: failureThreshold, reset: resetTimeout, maximumReset: maximumResetTimeout ?? resetTimeout,
                probes: probes, successes: successes))
    }

    /// What it does with the next call, apart from the time that may have passed.
    public var breakerState: BreakerState { state.withLock { $0.state } }

    /// Lets the call through while it is closed, and probes while it is half-open.
    public func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer {
        switch admit(at: now) {
        case .granted(let term):
            return .granted(Grant(for: call, at: now, tag: term))
        case .rejected(let nanoseconds):
            return .rejected(rejection(nanoseconds))
        }
    }

    /// Counts the outcome.
    public func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant) {
        ended(term: grant.tag, as: outcome, at: now)
    }

    /// A stream that has begun to answer shows that the other side is well.
    public func responseStarted(_ grant: Grant, at now: PolicyInstant) -> Bool {
        ended(term: grant.tag, as: .succeeded, at: now)
        return true
    }

    /// Runs `operation` through the breaker.
    ///
    /// Throws a ``Rejection`` without running it while the breaker is open, and else what the operation throws. `outcome`
    /// says what an error means; ``CircuitBreaker/outcome(of:)`` unless you choose another. Safe to cancel: a cancelled
    /// operation counts for nothing.
    public nonisolated(nonsending) func run<Result>(
        clock: PolicyClock,
        outcome: (any Error) -> CallOutcome = CircuitBreaker.outcome(of:),
        _ operation: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        switch admit(at: clock.now) {
        case .rejected(let nanoseconds):
            throw rejection(nanoseconds)
        case .granted(let term):
            do {
                let result = try await operation()
                ended(term: term, as: .succeeded, at: clock.now)
                return result
            } catch {
                ended(term: term, as: Task.isCancelled ? .ignored : outcome(error), at: clock.now)
                throw error
            }
        }
    }

    /// What an error says of the side that it came from.
    ///
    /// Ignored: a cancellation, and a rejection, ours or one with a pushback (it is honest, not unwell). A success: an
    /// answer that blames the request, such as NOT_FOUND. Everything else is a failure.
    public static func outcome(of error: any Error) -> CallOutcome {
        if error is CancellationError || error.rejection != nil { return .ignored }
        guard let error = error as? RPCError else { return .failed }
        if error.metadata[string: "grpc-retry-pushback-ms"] != nil { return .ignored }
        switch error.code {
        case .cancelled: return .ignored
        case .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .failedPrecondition, .aborted, .outOfRange,
            .unimplemented, .unauthenticated:
            return .succeeded
        default: return .failed
        }
    }

    // MARK: - Inside

    private func admit(at now: PolicyInstant) -> BreakerMachine.Answer {
        let (answer, before, after) = state.withLock { machine in
            let before = machine.state
            return (machine.admit(at: now), before, machine.state)
        }
        report(before, after)
        return answer
    }

    private func ended(term: Int64, as outcome: CallOutcome, at now: PolicyInstant) {
        let (before, after) = state.withLock { machine in
            let before = machine.state
            machine.ended(term: term, as: outcome, at: now)
            return (before, machine.state)
        }
        report(before, after)
    }

    private func report(_ before: BreakerState, _ after: BreakerState) {
        if before != after { observer?.observe(.breakerChanged(policy: name, from: before, to: after)) }
    }

    private func rejection(_ nanoseconds: Int64) -> Rejection {
        observer?.observe(.rejected(policy: name, reason: .breakerOpen))
        return Rejection(.breakerOpen, policy: name, retryAfter: .after(.nanoseconds(nanoseconds)))
    }
}
