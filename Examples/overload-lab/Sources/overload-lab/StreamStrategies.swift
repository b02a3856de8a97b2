// SPDX-License-Identifier: Apache-2.0

import OverloadModel
import WeirBackpressure

/// What stands between a producer and a consumer that is slower.
struct StreamStrategy: Sendable {
    var name: String
    var meaning: String
    /// Nil: a buffer without an end.
    var policy: SendPolicy<StreamUnderLoad.Message>?

    static let all: [StreamStrategy] = [
        StreamStrategy(name: "stream.none", meaning: "a buffer without an end", policy: nil),
        StreamStrategy(name: "stream.suspend", meaning: "the producer waits", policy: .suspend(capacity: 100)),
        StreamStrategy(
            name: "stream.suspendTimeout", meaning: "the producer waits for 20 ms, then the stream ends",
            policy: .suspend(timeout: .milliseconds(20), capacity: 100)),
        StreamStrategy(name: "stream.dropNewest", meaning: "what comes is lost", policy: .dropNewest(capacity: 100)),
        StreamStrategy(name: "stream.dropOldest", meaning: "the oldest is lost", policy: .dropOldest(capacity: 100)),
        StreamStrategy(name: "stream.latest", meaning: "only the newest is kept", policy: .latest),
        StreamStrategy(
            name: "stream.conflate", meaning: "the newest of each of 20 keys is kept",
            policy: .conflate(by: \.key, capacity: 20)),
        StreamStrategy(
            name: "stream.sample", meaning: "one every 10 ms", policy: .sample(every: .milliseconds(10))),
        StreamStrategy(
            name: "stream.fail", meaning: "the stream ends when 100 wait, and begins anew", policy: .fail(capacity: 100)
        ),
    ]
}

extension StreamStrategy {
    static let (seconds, warmUp) = (20.0, 5.0)
    static let unloadedP99 = StreamUnderLoad(policy: nil, seed: 1).run(load: 0.1, seconds: 60, warmUp: 0).p99()

    /// The strategy under a load.
    func row(load: Double, seed: UInt64) -> Row {
        let result = StreamUnderLoad(policy: policy, seed: seed).run(
            load: load, seconds: Self.seconds, warmUp: Self.warmUp)
        let done = Double(result.delivered) / (Self.seconds - Self.warmUp) / StreamUnderLoad.capacity
        return Row(
            scenario: .stream, strategy: name, load: load, goodput: done, p50: result.age(0.5), p99: result.p99(),
            p99OverUnloaded: result.p99() / Self.unloadedP99, rejected: 0,
            dropped: Double(result.dropped) / Double(max(1, result.made)), peakQueue: result.peakHeld,
            peakMemoryBytes: result.peakHeld * StreamUnderLoad.messageBytes)
    }
}
