// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// This duration in nanoseconds, a fraction rounded up, saturated to what 64 bits hold (292 years).
    var saturatedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        // `components` gives both parts the same sign; integer division rounds toward zero.
        let (quotient, remainder) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let part = remainder > 0 ? quotient + 1 : quotient
        let (sum, carry) = whole.addingReportingOverflow(part)
        guard carry else { return sum }
        return seconds < 0 ? .min : .max
    }
}
