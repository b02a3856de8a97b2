// SPDX-License-Identifier: Apache-2.0

/// The value of `grpc-timeout`: one to eight digits and a unit (gRPC specification, `doc/PROTOCOL-HTTP2.md`, Timeout).
package enum TimeoutHeader {
    /// The timeout that `value` stands for, or nil when it is malformed.
    ///
    /// More than 64 bits of nanoseconds (292 years, which only hours reach) are clamped to that. Zero is accepted: the
    /// call is over when it arrives.
    package static func parse(_ value: Span<UInt8>) -> Duration? {
        guard value.count >= 2, value.count <= 9 else { return nil }
        let unit: Int64
        switch value[value.count - 1] {
        case 0x6E: unit = 1  // n
        case 0x75: unit = 1_000  // u
        case 0x6D: unit = 1_000_000  // m
        case 0x53: unit = 1_000_000_000  // S
        case 0x4D: unit = 60_000_000_000  // M
        case 0x48: unit = 3_600_000_000_000  // H
        default: return nil
        }
        var amount: Int64 = 0
        for index in 0..<value.count - 1 {
            let digit = value[index] &- 0x30
            guard digit <= 9 else { return nil }
            amount = amount * 10 + Int64(digit)
        }
        let (nanoseconds, overflow) = amount.multipliedReportingOverflow(by: unit)
        return .nanoseconds(overflow ? Int64.max : nanoseconds)
    }

    /// The header value for a timeout, in the finest unit whose number has at most eight digits.
    ///
    /// What is lost to the unit is rounded up, so that the server never gives up before the client, and the value is
    /// never zero: a timeout that has already passed is sent as one nanosecond.
    package static func format(_ timeout: Duration) -> String {
        var amount = max(timeout.saturatedNanoseconds, 1)
        for (unit, next) in units {
            if amount <= 99_999_999 { return "\(amount)\(unit)" }
            let (quotient, remainder) = amount.quotientAndRemainder(dividingBy: next)
            amount = remainder == 0 ? quotient : quotient + 1
        }
        return "\(min(amount, 99_999_999))H"
    }

    /// The units from the finest on, each with how many of it make one of the next.
    private static let units: [(unit: String, perNext: Int64)] = [
        ("n", 1_000), ("u", 1_000), ("m", 1_000), ("S", 60), ("M", 60),
    ]
}
