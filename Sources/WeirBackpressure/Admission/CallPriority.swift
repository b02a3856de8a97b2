// SPDX-License-Identifier: Apache-2.0

/// How much it matters that a call is answered; the lower is turned away first.
public enum CallPriority: UInt8, CaseIterable, Comparable, Hashable, Sendable {
    /// Can be done any time: batch work, prefetching, crawlers.
    case low
    /// What a call is unless it says otherwise.
    case normal
    /// Somebody waits for it.
    case high
    /// Must not be shed while anything else is served: health, control, payment.
    case critical

    /// Whether the left one is turned away before the right one.
    public static func < (left: CallPriority, right: CallPriority) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The priority of that name, in lower case: `low`, `normal`, `high`, `critical`; nil for anything else.
    public init?(name: String) {
        switch name {
        case "low": self = .low
        case "normal": self = .normal
        case "high": self = .high
        case "critical": self = .critical
        default: return nil
        }
    }

    /// The name, for metadata, logs and labels.
    public var name: String {
        switch self {
        case .low: "low"
        case .normal: "normal"
        case .high: "high"
        case .critical: "critical"
        }
    }
}
