// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Something whose use can be measured: 0 is idle, 1 is full.
public protocol LoadSignal: Sendable {
    /// The load now, from 0 to 1.
    func load(at now: PolicyInstant) -> Double
}

/// A load that somebody else measures, such as the processor's or the memory's, and reports.
public final class ReportedLoad: LoadSignal {
    private let state = Mutex<Double>(0)

    /// A load of zero, until the first report.
    public init() {}

    /// The load is so much now; held between 0 and 1.
    public func report(_ load: Double) {
        state.withLock { $0 = load.isNaN ? 0 : min(max(0, load), 1) }
    }

    /// What was reported last.
    public func load(at now: PolicyInstant) -> Double {
        state.withLock { $0 }
    }
}
