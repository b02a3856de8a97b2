// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// At most so many open streams, and no new one while the open ones hold too many bytes.
///
/// A long stream is not a request: its length says nothing of latency, so it is bounded by what it holds. Calls that are
/// not streams pass.
public final class StreamLimit: AdmissionPolicy, LoadSignal {
    private struct State {
        var streams = 0
        var bytes = 0
        var holding = HoldingTime()
    }

    /// The name in rejections and events.
    public let name: String
    /// Streams that may be open at a time, at least 1.
    public let maximumStreams: Int
    /// Bytes from which on no new stream is opened.
    public let maximumBytes: Int

    private let state = Mutex(State())

    /// A limit of streams and of the bytes that they hold together.
    public init(
        maximumStreams: Int, maximumBytes: Int = .max, name: String = "streams"
    ) {
        self.maximumStreams = max(1, maximumStreams)
        self.maximumBytes = max(1, maximumBytes)
        self.name = name
    }

    /// Streams that are open now.
    public var openStreams: Int { state.withLock { $0.streams } }

    /// The open streams hold so many bytes now, all together.
    ///
    /// Told by whoever counts them: the process's send budget.
    public func bytesHeld(_ bytes: Int) {
        state.withLock { $0.bytes = max(0, bytes) }
    }

    /// The part of the streams or of the bytes that is in use, whichever is larger.
    public func load(at now: PolicyInstant) -> Double {
        state.withLock { state in
            let streams = Double(state.streams) / Double(maximumStreams)
            return min(1, max(streams, Double(state.bytes) / Double(maximumBytes)))
        }
    }

    /// Lets a stream in while there are a place and bytes.
    public func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer {
        guard call.isStreaming else { return .granted(Grant(for: call, at: now)) }
        let rejection = state.withLock { state -> Rejection? in
            let reason: RejectionReason
            if state.streams >= maximumStreams {
                reason = .streamCount
            } else if state.bytes >= maximumBytes {
                reason = .streamBytes
            } else {
                state.streams += 1
                return nil
            }
            return Rejection(reason, policy: name, retryAfter: .after(state.holding.retryAfter))
        }
        guard let rejection else { return .granted(Grant(for: call, at: now)) }
        return .rejected(rejection)
    }

    /// The stream is closed.
    public func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant) {
        guard grant.isStreaming else { return }
        state.withLock { state in
            state.streams = max(0, state.streams - 1)
            if outcome != .ignored { state.holding.record(nanoseconds: now.nanoseconds(since: grant.startedAt)) }
        }
    }
}
