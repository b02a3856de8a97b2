// SPDX-License-Identifier: Apache-2.0

import WeirServer

/// The service under test: a tick now and then, for as long as the client listens.
struct Ticks<Time: Clock>: Demo_TickService.ServiceProtocol where Time.Duration == Duration {
    /// A real clock in production, a virtual one under test.
    let clock: Time

    func watch(
        _ request: Demo_WatchRequest, stream: ResponseStream<Demo_Tick>, context: CallContext
    ) async throws {
        var tick = Demo_Tick()
        while true {
            tick.cents = 10_000 + Int64(tick.sequence % 100)
            try await stream.send(tick)
            tick.sequence += 1
            try await clock.sleep(for: .milliseconds(100))
        }
    }
}
