// SPDX-License-Identifier: Apache-2.0

public import WeirRPC

/// A call that was turned away, with the reason and when to come back.
///
/// There is no rejection without the latter: ``retryAfter-swift.property`` is computed from the state that caused it.
public struct Rejection: Error, Hashable, Sendable {
    /// When coming back can help.
    public enum RetryAfter: Hashable, Sendable {
        /// Not before so long.
        case after(Duration)
        /// Never: the same call would be turned away whenever it came. Sent as a pushback of -1 (gRFC A6).
        case never
    }

    /// Why.
    public var reason: RejectionReason
    /// The name of the policy that decided.
    public var policy: String
    /// When to come back, before jitter.
    public var retryAfter: RetryAfter
    /// How much later than ``retryAfter-swift.property`` a caller may be told to come back, as a part of it.
    ///
    /// A thousand callers that are turned away together must not come back together. Never earlier: the state says no.
    public var jitter: Double

    /// A rejection.
    public init(_ reason: RejectionReason, policy: String, retryAfter: RetryAfter, jitter: Double = 0.5) {
        self.reason = reason
        self.policy = policy
        self.retryAfter = retryAfter
        self.jitter = jitter
    }

    /// How long this caller is told to stay away: between the exact time and ``jitter`` more, at least 1 ms; nil for never.
    public func delay(using generator: inout some RandomNumberGenerator) -> Duration? {
        guard case .after(let exact) = retryAfter else { return nil }
        let least = max(1_000_000, exact.clampedNanoseconds)
        let spread = Double(least) * min(max(0, jitter), 1)
        let extra = Int64(clamping: UInt64(spread * Double(generator.next() >> 11) * 0x1p-53))
        return .nanoseconds(least.addingReportingOverflow(extra).overflow ? least : least + extra)
    }

    /// What the call ends with: status, ErrorInfo, RetryInfo, and `grpc-retry-pushback-ms` in the trailers.
    ///
    /// The two say the same delay, which is drawn here. "Never" has a pushback of -1 and no RetryInfo (gRFC A6).
    public func error(using generator: inout some RandomNumberGenerator) -> RPCError {
        let delay = delay(using: &generator)
        var details: [StatusDetail] = [
            .errorInfo(ErrorInfo(reason: reason.name, metadata: ["policy": policy]))
        ]
        var pushback = "-1"
        var when = "do not try again"
        if let delay {
            details.append(.retryInfo(RetryInfo(retryDelay: delay)))
            pushback = String(Self.wholeMilliseconds(delay))
            when = "try again in \(pushback) ms"
        }
        var error = RPCError(reason.code, "\(reason.text); \(when)", details: details, cause: self)
        // The name is neither reserved nor malformed and the value is a number, so this never throws.
        try? error.metadata.add(name: "grpc-retry-pushback-ms", value: pushback)
        return error
    }

    /// Milliseconds, a fraction rounded up: coming back early would be in vain.
    ///
    /// At most what fits gRPC's 32-bit number.
    static func wholeMilliseconds(_ duration: Duration) -> Int64 {
        let nanoseconds = max(0, duration.clampedNanoseconds)
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return min(whole + (rest > 0 ? 1 : 0), Int64(Int32.max))
    }
}

extension Error {
    /// The rejection that this error is or was caused by, if it was one.
    public var rejection: Rejection? {
        self as? Rejection ?? (self as? RPCError)?.cause as? Rejection
    }
}
