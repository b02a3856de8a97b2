// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
internal import WeirRPC
package import WeirServer
package import WeirTesting

/// Streams patterns, paced by the simulation's clock.
package struct PatternService: Weir_Simulation_V1_PatternService.ServiceProtocol {
    private let clock: VirtualClock

    /// Makes the service of a simulation.
    package init(clock: VirtualClock) {
        self.clock = clock
    }

    package nonisolated(nonsending) func stream(
        _ request: Weir_Simulation_V1_PatternRequest, stream: ResponseStream<Weir_Simulation_V1_PatternChunk>,
        context: CallContext
    ) async throws {
        let pattern = Pattern(seed: request.seed, payloadBytes: Int(request.payloadBytes))
        let interval = Duration.milliseconds(Int64(request.intervalMilliseconds))
        var chunk = Weir_Simulation_V1_PatternChunk()
        while request.chunks == 0 || chunk.sequence < request.chunks {
            chunk.payload = pattern.payload(chunk.sequence)
            try await stream.send(chunk)
            chunk.sequence += 1
            if interval > .zero { try await clock.sleep(for: interval) }
        }
    }
}

extension ClientCall {
    /// A call of the service.
    package static func pattern(
        seed: UInt64 = 0, chunks: UInt64, payloadBytes: UInt32, interval: Duration = .zero
    ) throws -> ClientCall {
        var request = Weir_Simulation_V1_PatternRequest()
        request.seed = seed
        request.chunks = chunks
        request.payloadBytes = payloadBytes
        request.intervalMilliseconds = UInt32(interval / .milliseconds(1))
        return try ClientCall(Weir_Simulation_V1_PatternService.Method.Stream.descriptor, request)
    }
}
