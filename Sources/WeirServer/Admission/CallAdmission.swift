// SPDX-License-Identifier: Apache-2.0

internal import WeirBackpressure
internal import WeirEngine
internal import WeirHTTP2
internal import WeirRPC
internal import WeirTransport

/// One call's way through its method's chains, and the places it holds there until its handler has returned.
///
/// `@unchecked Sendable`: everything happens on the call's loop; a turn that comes on another thread goes there first.
final class CallAdmission: @unchecked Sendable {
    private let admission: MethodAdmission
    private let handle: CallHandle
    private let facts: CallFacts
    private let onAdmitted: (CallAdmission) -> Void
    private let onRejected: (Rejection) -> Void

    private var permits: [Permit] = []
    private var waiting: WaitingCall?
    /// The call is over, or turned away: a turn that still comes is given back.
    private var isOver = false

    init(
        _ admission: MethodAdmission, of handle: CallHandle, onAdmitted: @escaping (CallAdmission) -> Void,
        onRejected: @escaping (Rejection) -> Void
    ) {
        self.admission = admission
        self.handle = handle
        self.onAdmitted = onAdmitted
        self.onRejected = onRejected
        facts = admission.facts(of: handle)
    }

    /// Asks the chains, one after the other; one of the two closures is called, now or when a wait ends, or neither when the
    /// call is over before.
    func begin() {
        handle.onCancelled = { [self] in cancelled() }
        proceed()
    }

    private func proceed() {
        while permits.count < admission.chains.count {
            let timed = admission.chains[permits.count]
            let decision = timed.chain.admit(facts, at: now) { [self] turn in
                // Possibly before the answer below is known, and on any thread: later, and here.
                handle.executor.execute { [self] in turnCame(turn) }
            }
            switch decision {
            case .admit(let permit):
                permits.append(permit)
            case .wait(let waiting):
                self.waiting = waiting
                return timed.arm(waiting.until, on: handle.executor)
            case .reject(let rejection):
                return refuse(rejection)
            }
        }
        // Those behind the queue may have the call's word that its response began.
        if facts.isStreaming {
            handle.call.onFirstMessage = { [permits, executor = handle.executor] in
                let now = PolicyInstant(executor.now)
                for permit in permits { permit.responseStarted(at: now) }
            }
        }
        handle.onCancelled = nil
        onAdmitted(self)
    }

    private func turnCame(_ turn: AdmissionTurn) {
        waiting = nil
        switch turn {
        case .admit(let permit):
            guard !isOver else { return permit.withdrawn(at: now) }
            permits.append(permit)
            proceed()
        case .reject(let rejection):
            if !isOver { refuse(rejection) }
        }
    }

    private func refuse(_ rejection: Rejection) {
        isOver = true
        handle.onCancelled = nil
        withdraw()
        onRejected(rejection)
    }

    /// The client is gone, or its deadline has passed, before there was a handler.
    private func cancelled() {
        guard !isOver else { return }
        isOver = true
        handle.onCancelled = nil
        if let waiting { admission.chains[permits.count].chain.abandon(waiting, at: now) }
        withdraw()
        handle.call.handlerReturned(Status(code: .cancelled))
    }

    private func withdraw() {
        let now = now
        while let permit = permits.popLast() { permit.withdrawn(at: now) }
    }

    /// The handler has returned: the places are free, and the policies learn from it.
    ///
    /// `callEnd` is why the call was over before its handler, if it was.
    func ended(_ status: StatusCode, callEnd: StatusCode?, wasRejection: Bool) {
        let outcome = wasRejection ? CallOutcome.ignored : CallOutcome(status, callEnd: callEnd)
        let now = now
        for permit in permits.reversed() { permit.end(as: outcome, at: now) }
        permits = []
        handle.call.onFirstMessage = nil
    }

    private var now: PolicyInstant { PolicyInstant(handle.executor.now) }
}

extension CallOutcome {
    /// What a call's status says about the server.
    ///
    /// A client that went away, or that was too slow, says nothing, nor does a request that was wrong: it fails fast whatever
    /// the load is. A deadline that passed while the handler ran is a failure.
    init(_ status: StatusCode, callEnd: StatusCode?) {
        switch callEnd ?? status {
        case .deadlineExceeded: self = .failed
        case _ where callEnd != nil: self = .ignored
        case .ok: self = .succeeded
        case .unavailable, .internalError, .unknown, .dataLoss, .resourceExhausted: self = .failed
        default: self = .ignored
        }
    }
}
