// SPDX-License-Identifier: Apache-2.0

internal import HeapModule

/// What will happen in a simulation, in the order of time and, at one instant, in the order in which it was asked for.
///
/// Bounded by what asks: each end of a link, each connection and each client has a fixed number of events in it.
final class EventQueue {
    private struct Event: Comparable {
        var time: Int64
        var number: UInt64
        var action: () -> Void

        static func < (left: Event, right: Event) -> Bool {
            left.time == right.time ? left.number < right.number : left.time < right.time
        }

        static func == (left: Event, right: Event) -> Bool {
            left.time == right.time && left.number == right.number
        }
    }

    private var events = Heap<Event>()
    private var lastNumber: UInt64 = 0
    private let clock: VirtualClock

    init(clock: VirtualClock) {
        self.clock = clock
    }

    /// The current instant, in nanoseconds since the start.
    var now: Int64 { clock.now.nanoseconds }

    /// How many events are to come.
    var count: Int { events.count }

    /// When the next event is due.
    var earliest: Int64? { events.min?.time }

    /// Lets `action` run at that instant, or next if that is past.
    func schedule(at time: Int64, _ action: @escaping () -> Void) {
        lastNumber += 1
        events.insert(Event(time: max(time, now), number: lastNumber, action: action))
    }

    /// Lets `action` run that many nanoseconds from now.
    func schedule(afterNanoseconds delay: Int64, _ action: @escaping () -> Void) {
        let (time, overflow) = now.addingReportingOverflow(max(0, delay))
        schedule(at: overflow ? .max : time, action)
    }

    /// The next event's action, if it is due at `time`; the event is gone then.
    func popDue(at time: Int64) -> (() -> Void)? {
        guard let first = events.min, first.time <= time else { return nil }
        return events.removeMin().action
    }
}
