// SPDX-License-Identifier: Apache-2.0

public import WeirRPC

/// Why a call was answered before its handler ran: the one table from reason to status.
///
/// gRPC specification, `doc/statuscodes.md`: UNAVAILABLE, "the client can retry just the failing call"; RESOURCE_EXHAUSTED,
/// "some resource has been exhausted, perhaps a per-user quota". So what is this server's trouble is UNAVAILABLE, which
/// another server may not have, and what is the caller's quota is RESOURCE_EXHAUSTED, which follows it everywhere.
public enum RejectionReason: CaseIterable, Hashable, Sendable {
    /// As many calls are running as may.
    case concurrency
    /// As many calls are running as the measured latency allows.
    case adaptiveLimit
    /// The caller is over its rate.
    case rate
    /// The call costs more than the caller's whole allowance, so that waiting cannot help.
    case costAboveBurst
    /// The caller's partition has used up its share, and there is nothing to borrow.
    case bulkhead
    /// The load is too high for a call of this priority.
    case priority
    /// The queue is full.
    case queueFull
    /// The call waited as long as it may.
    case queueTimeout
    /// The call's deadline would pass, or has passed, before its turn.
    case queueDeadline
    /// What the call needs has failed too often lately.
    case breakerOpen
    /// As many streams are open as may.
    case streamCount
    /// The open streams hold as many bytes as they may.
    case streamBytes

    /// The status code that the caller sees.
    public var code: StatusCode {
        switch self {
        case .concurrency, .adaptiveLimit: .unavailable  // This server's limit.
        case .rate, .costAboveBurst: .resourceExhausted  // The caller's rate.
        case .bulkhead: .resourceExhausted  // The share of the caller's partition.
        case .priority: .unavailable  // This server's load.
        case .queueFull, .queueTimeout, .queueDeadline: .unavailable  // This server's queue.
        case .breakerOpen: .unavailable  // What is behind this server.
        case .streamCount, .streamBytes: .unavailable  // This server's memory.
        }
    }

    /// The reason in `google.rpc.ErrorInfo`, and the label in metrics.
    public var name: String {
        switch self {
        case .concurrency: "LIMIT_CONCURRENCY"
        case .adaptiveLimit: "LIMIT_ADAPTIVE"
        case .rate: "LIMIT_RATE"
        case .costAboveBurst: "LIMIT_RATE_COST"
        case .bulkhead: "BULKHEAD_FULL"
        case .priority: "SHED_PRIORITY"
        case .queueFull: "QUEUE_FULL"
        case .queueTimeout: "QUEUE_TIMEOUT"
        case .queueDeadline: "QUEUE_DEADLINE"
        case .breakerOpen: "BREAKER_OPEN"
        case .streamCount: "LIMIT_STREAMS"
        case .streamBytes: "LIMIT_STREAM_BYTES"
        }
    }

    /// What a person is told.
    public var text: String {
        switch self {
        case .concurrency: "as many calls are running as may"
        case .adaptiveLimit: "more calls would make all of them slow"
        case .rate: "too many calls from this caller"
        case .costAboveBurst: "the call costs more than this caller may ever spend at once"
        case .bulkhead: "this caller's share is in use"
        case .priority: "the load is too high for a call of this priority"
        case .queueFull: "too many calls are waiting"
        case .queueTimeout: "the call has waited as long as it may"
        case .queueDeadline: "the call's deadline would pass before its turn"
        case .breakerOpen: "what the call needs has failed too often lately"
        case .streamCount: "as many streams are open as may"
        case .streamBytes: "the open streams hold as many bytes as they may"
        }
    }

    /// Whether a call's end makes room, so that it is worth waiting in a queue.
    var endsWithACall: Bool {
        switch self {
        case .concurrency, .adaptiveLimit, .bulkhead, .streamCount: true
        default: false
        }
    }
}
