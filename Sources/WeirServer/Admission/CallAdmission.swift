// SPDX-License-Identifier: Apache-2.0

internal import WeirBackpressure
internal import WeirEngine
internal import WeirHTTP2
internal import WeirRPC
internal import WeirTransport

/// One call's way through its method's chains, and the places it holds there until its handler has returned.
///
/// Confined to the call's loop. Its handle keeps it (``WeirTransport/CallHandle/gate``), from the first question to the end.
final class CallAdmission: CallGate {
    private let admission: MethodAdmission
    private let handle: CallHandle
    private let facts: CallFacts
    private let onAdmitted: () -> Void
    private let onRejected: (Rejection) -> Void

    /// Of the first chains, one each.
    private var permits: [Permit] = []
    private var waiting: WaitingCall?

    /// Asks the chains, one after the other; one of the two closures is called, now or when a wait ends, or neither when the
    /// call is over before.
    static func ask(
        _ admission: MethodAdmission, for handle: CallHandle, onAdmitted: @escaping () -> Void,
        onRejected: @escaping (Rejection) -> Void
    ) {
        let call = CallAdmission(admission, handle, onAdmitted, onRejected)
        handle.gate = call
        call.proceed()
    }

    private init(
        _ admission: MethodAdmission, _ handle: CallHandle, _ onAdmitted: @escaping () -> Void,
        _ onRejected: @escaping (Rejection) -> Void
    ) {
        self.admission = admission
        self.handle = handle
        self.onAdmitted = onAdmitted
        self.onRejected = onRejected
        facts = admission.facts(of: handle)
    }

    private func proceed() {
        while permits.count < admission.chains.count {
            let timed = admission.chains[permits.count]
            let decision = timed.chain.admit(facts, at: now) { [handle] turn in
                // Possibly before the answer below is known, and on any thread: later, and here.
                handle.executor.execute { Self.turnCame(turn, for: handle) }
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
        if facts.isStreaming {
            handle.call.onFirstMessage = { [permits, executor = handle.executor] in
                let now = PolicyInstant(executor.now)
                for permit in permits { permit.responseStarted(at: now) }
            }
        }
        onAdmitted()
    }

    private static func turnCame(_ turn: AdmissionTurn, for handle: CallHandle) {
        let call = handle.gate as? CallAdmission
        call?.waiting = nil
        switch turn {
        case .admit(let permit):
            // The call was over before its turn came.
            guard let call else { return permit.withdrawn(at: PolicyInstant(handle.executor.now)) }
            call.permits.append(permit)
            call.proceed()
        case .reject(let rejection):
            call?.refuse(rejection)
        }
    }

    private func refuse(_ rejection: Rejection) {
        handle.gate = nil
        withdraw()
        onRejected(rejection)
    }

    /// The client is gone, or its deadline has passed: where no handler runs, this is the end.
    func callIsOver() {
        guard handle.task == nil else { return }
        handle.gate = nil
        if let waiting { admission.chains[permits.count].chain.abandon(waiting, at: now) }
        withdraw()
        handle.call.handlerReturned(Status(code: .cancelled))
    }

    private func withdraw() {
        let now = now
        while let permit = permits.popLast() { permit.withdrawn(at: now) }
    }

    /// The handler has returned: the places are free, and the policies learn from it.
    func ended(as outcome: CallOutcome) {
        handle.gate = nil
        handle.call.onFirstMessage = nil
        let now = now
        while let permit = permits.popLast() { permit.end(as: outcome, at: now) }
    }

    private var now: PolicyInstant { PolicyInstant(handle.executor.now) }
}
