// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2

/// The loop's timers of one connection: usually one, for its earliest deadline.
///
/// A deadline that moves later costs nothing: its timer fires early, finds nothing due, and the next one is armed. Taking a
/// timer out of the loop's heap is a search, so it is done only at the cap.
struct ConnectionTimers {
    private let eventLoop: any EventLoop
    /// Armed timers, the earliest last.
    private var armed: [(deadline: MonotonicInstant, timer: Scheduled<Void>)] = []

    /// Most timers one connection may have in the loop's heap.
    private static let maximumArmed = 4

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Makes sure that `fire` is called at `deadline` or earlier.
    mutating func arm(_ deadline: MonotonicInstant, _ fire: @escaping () -> Void) {
        let now = MonotonicInstant.now
        while let last = armed.last, last.deadline <= now { armed.removeLast() }
        if let earliest = armed.last, earliest.deadline <= deadline { return }
        if armed.count == Self.maximumArmed { armed.removeLast().timer.cancel() }
        let timer = eventLoop.assumeIsolated().scheduleTask(
            deadline: .uptimeNanoseconds(UInt64(max(0, deadline.nanoseconds))), fire)
        armed.append((deadline, timer))
    }

    /// Takes all timers out.
    mutating func cancelAll() {
        for entry in armed { entry.timer.cancel() }
        armed.removeAll()
    }
}

extension MonotonicInstant {
    /// The loop's clock.
    static var now: MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }
}
