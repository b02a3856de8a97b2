// SPDX-License-Identifier: Apache-2.0

import Synchronization
import WeirBackpressure

/// Random numbers from a seed (SplitMix64), so that a failing test can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Keeps all events.
final class EventRecorder: PolicyObserver {
    private let state = Mutex<[PolicyEvent]>([])

    func observe(_ event: PolicyEvent) { state.withLock { $0.append(event) } }

    var events: [PolicyEvent] { state.withLock { $0 } }
}

/// Keeps the turns that waiting calls were told.
final class TurnRecorder: Sendable {
    private let state = Mutex<[Int: [AdmissionTurn]]>([:])

    func onTurn(_ number: Int) -> @Sendable (AdmissionTurn) -> Void {
        { turn in self.state.withLock { $0[number, default: []].append(turn) } }
    }

    func turns(of number: Int) -> [AdmissionTurn] { state.withLock { $0[number] ?? [] } }

    var all: [Int: [AdmissionTurn]] { state.withLock { $0 } }

    func permit(of number: Int) -> Permit? {
        guard turns(of: number).count == 1, case .admit(let permit)? = turns(of: number).first else { return nil }
        return permit
    }

    func rejection(of number: Int) -> Rejection? {
        guard turns(of: number).count == 1, case .reject(let rejection)? = turns(of: number).first else { return nil }
        return rejection
    }
}

func at(_ seconds: Double) -> PolicyInstant {
    PolicyInstant(nanoseconds: Int64((seconds * 1e9).rounded()))
}

func atMilliseconds(_ milliseconds: Int) -> PolicyInstant {
    PolicyInstant(.milliseconds(milliseconds))
}

extension CallFacts {
    static let plain = CallFacts(method: "test.Service/Method", peer: "peer")
}

extension PolicyAnswer {
    var grant: Grant? {
        if case .granted(let grant) = self { grant } else { nil }
    }

    var rejection: Rejection? {
        if case .rejected(let rejection) = self { rejection } else { nil }
    }
}

extension AdmissionDecision {
    var permit: Permit? {
        if case .admit(let permit) = self { permit } else { nil }
    }

    var waiting: WaitingCall? {
        if case .wait(let waiting) = self { waiting } else { nil }
    }

    var rejection: Rejection? {
        if case .reject(let rejection) = self { rejection } else { nil }
    }
}
