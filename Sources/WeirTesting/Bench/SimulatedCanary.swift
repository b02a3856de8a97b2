// SPDX-License-Identifier: Apache-2.0

/// The well-behaved client beside a profile in a simulation: short calls now and then, and a steady stream.
final class SimulatedCanary {
    private let calls = ClientRecorder()
    private let steady = ClientRecorder()
    private let clients: [SimulatedClient]
    private let began: VirtualClock.Instant

    /// Connects it.
    init(_ simulation: Simulation, _ call: ClientCall, _ pause: Duration, _ bytesPerSecond: Int) {
        began = simulation.now
        let link = LinkConfiguration(latency: .milliseconds(1), bytesPerSecond: bytesPerSecond)
        clients = [
            simulation.connect(
                ResetLoopClient(call, calls: .max, pause: pause), keeping: .counts, recorder: calls),
            simulation.connect(
                SteadyClient(call, calls: .max, pause: .milliseconds(1)), over: link, keeping: .counts, recorder: steady
            ),
        ]
    }

    /// What it saw; it leaves.
    func finish(at now: VirtualClock.Instant) -> BenchObservation.Canary {
        let elapsed = began.duration(to: now)
        for client in clients { client.leave() }
        var seen = BenchObservation.Canary()
        let streams = calls.record.streams
        let times = streams.compactMap { stream in stream.firstDataAt.map { $0 - stream.beganAt } }.sorted()
        seen.calls = times.count
        // A call that is just under way has not failed.
        seen.failures = streams.count {
            $0.firstDataAt == nil && ($0.endedAt != nil || elapsed - $0.beganAt > .seconds(10))
        }
        seen.median = times.isEmpty ? .zero : times[times.count / 2]
        seen.percentile99 = times.isEmpty ? .zero : times[min(times.count - 1, times.count * 99 / 100)]
        seen.longest = times.last ?? .zero
        seen.steadyBytes = steady.record.dataBytes
        seen.longestGap =
            steady.record.streams.map {
                HonestReaderRule.wait($0, until: $0.endedAt ?? elapsed)
            }.max() ?? .zero
        return seen
    }
}
