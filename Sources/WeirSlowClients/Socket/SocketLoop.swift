// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HeapModule

/// Waits for sockets and timers on the thread that calls it.
///
/// Everything that belongs to it is confined to one thread.
final class SocketLoop {
    private struct Timer: Comparable {
        let due: ContinuousClock.Instant
        let order: UInt64
        let action: () -> Void

        static func < (left: Timer, right: Timer) -> Bool { (left.due, left.order) < (right.due, right.order) }
        static func == (left: Timer, right: Timer) -> Bool { left.order == right.order }
    }

    private var clients: [Int32: SocketClient] = [:]
    private var timers = Heap<Timer>()
    private var timersMade: UInt64 = 0
    /// What the kernel is asked; made anew when a client wants something else.
    private var asked: [pollfd] = []
    private var isStale = true

    /// Most timers; a profile that sets more loses the later ones.
    private static let mostTimers = 100_000

    /// Makes a loop that waits for nothing.
    init() {}

    var now: ContinuousClock.Instant { .now }

    /// Watches a client's socket; it is told what happens.
    func add(_ client: SocketClient) {
        clients[client.descriptor.number] = client
        isStale = true
    }

    /// A client wants to know of something else from now on.
    func update() { isStale = true }

    /// Forgets a client; call it before its socket is closed.
    func remove(_ client: SocketClient) {
        clients[client.descriptor.number] = nil
        isStale = true
    }

    /// Does something later.
    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        guard timers.count < Self.mostTimers else { return }
        timersMade += 1
        timers.insert(Timer(due: now + delay, order: timersMade, action: action))
    }

    /// Forgets what was to be done later.
    func cancelTimers() { timers = Heap() }

    /// Does what is due, waits for the next thing until `limit` at most, and does that.
    func turn(until limit: ContinuousClock.Instant) {
        fireTimers()
        let next = min(limit, timers.min?.due ?? limit)
        // Rounded up: waking a little too early would only mean to wait again.
        let milliseconds = max(0, Int(((next - now) / .milliseconds(1)).rounded(.up)))
        if isStale {
            asked = clients.values.map { pollfd(fd: $0.descriptor.number, events: $0.interest, revents: 0) }
            isStale = false
        }
        var events = asked
        let count = unsafe poll(&events, nfds_t(events.count), Int32(clamping: milliseconds))
        if count > 0 {
            // One may be gone by its turn, if what happened to another ended it.
            for event in events where event.revents != 0 { clients[event.fd]?.happened(event.revents) }
        }
        fireTimers()
    }

    private func fireTimers() {
        // Not those that are set meanwhile for at once, or sockets would have to wait for ever.
        let due = now
        while let first = timers.min, first.due <= due {
            timers.removeMin()
            first.action()
        }
    }
}
