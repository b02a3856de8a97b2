// SPDX-License-Identifier: Apache-2.0

import WeirRPC
import WeirServer

/// Keeps a processor busy, a slice at a time, so that calls share it as threads would.
struct WorkService: Lab_V1_Work.SimpleServiceProtocol {
    static let sliceMicroseconds = 250

    nonisolated(nonsending) func spend(_ request: Lab_V1_SpendRequest) async throws -> Lab_V1_SpendResponse {
        let clock = ContinuousClock()
        for _ in 0..<min(request.slices, 4_000) {
            // Nobody waits any more: more is not spent.
            try Task.checkCancellation()
            let end = clock.now + .microseconds(Self.sliceMicroseconds)
            while clock.now < end {}
            await Task.yield()
        }
        return Lab_V1_SpendResponse()
    }
}
