// SPDX-License-Identifier: Apache-2.0

/// Measures how many bytes a stream moved over a sliding period in which its peer kept it waiting.
///
/// It has a clock of its own that only runs while the stream is blocked by its peer, so that neither a quiet producer nor
/// a busy server is taken for a slow reader. The period slides in eighths: bytes are kept per slot, and the sum of the last
/// eight is judged each time a slot is full. Always the same few words, whatever the peer does.
package final class RateMonitor {
    /// The least that must move in each period, in bytes.
    package let requiredBytes: Int
    private let slotNanoseconds: Int64
    /// Running time that must have passed before the first judgement, in slots.
    private let slotsBeforeJudgement: Int

    /// Bytes of the last full slots, the oldest overwritten first.
    private var slots: [Int]
    private var slotsFilled = 0
    private var bytesInSlot = 0
    private var nanosecondsInSlot: Int64 = 0
    /// Since when the clock runs; nil while it stands.
    private var runningSince: MonotonicInstant?

    /// How many parts the period slides in.
    package static let slotsPerPeriod = 8

    /// Makes a monitor that asks for `requiredBytes` in each `period`, for the first time after `grace`.
    package init(requiredBytes: Int, period: Duration, grace: Duration) {
        self.requiredBytes = requiredBytes
        slotNanoseconds = max(1, period.saturatedNanoseconds / Int64(Self.slotsPerPeriod))
        let graceSlots = max(0, grace.saturatedNanoseconds) / slotNanoseconds
        slotsBeforeJudgement = max(Self.slotsPerPeriod, Int(clamping: graceSlots))
        slots = Array(repeating: 0, count: Self.slotsPerPeriod)
    }

    /// The peer keeps the stream waiting from now on.
    package func start(at now: MonotonicInstant) {
        if runningSince == nil { runningSince = now }
    }

    /// Nothing waits for the peer any more.
    package func stop(at now: MonotonicInstant) {
        guard let since = runningSince else { return }
        // A slot that is overdue is judged by whoever asks next, so the time is only kept here.
        nanosecondsInSlot += max(0, now.nanoseconds(since: since))
        runningSince = nil
    }

    /// Bytes of the stream moved.
    package func moved(_ count: Int) {
        bytesInSlot += count
    }

    /// When a slot is full and ``isTooSlow(at:)`` has to be asked; nil while the clock stands.
    package var nextJudgement: MonotonicInstant? {
        guard let since = runningSince else { return nil }
        return since.advanced(byNanoseconds: max(0, slotNanoseconds - nanosecondsInSlot))
    }

    /// Whether less than the required bytes moved in the period that ends with the last full slot.
    package func isTooSlow(at now: MonotonicInstant) -> Bool {
        if let since = runningSince {
            nanosecondsInSlot += max(0, now.nanoseconds(since: since))
            runningSince = now
        }
        var isTooSlow = false
        while nanosecondsInSlot >= slotNanoseconds {
            // More slots at once than the period has are all alike: time in which nothing moved.
            let surplus = nanosecondsInSlot / slotNanoseconds - Int64(2 * Self.slotsPerPeriod)
            if surplus > 0 {
                nanosecondsInSlot -= surplus * slotNanoseconds
                slotsFilled += Int(clamping: surplus)
            }
            nanosecondsInSlot -= slotNanoseconds
            slots[slotsFilled % Self.slotsPerPeriod] = bytesInSlot
            bytesInSlot = 0
            slotsFilled += 1
            if slotsFilled >= slotsBeforeJudgement, bytesInLastPeriod < requiredBytes { isTooSlow = true }
        }
        return isTooSlow
    }

    /// Bytes that moved in the last eight full slots.
    package var bytesInLastPeriod: Int { slots.reduce(0, +) }
}
