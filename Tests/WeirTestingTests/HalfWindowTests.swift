// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirServer
import WeirSimulation
import WeirTesting

/// Returns credit only once less than half of a window is left, as many clients do, and now and then more than that for a
/// message it wants to finish, which it takes back by returning less later.
private struct HalfWindowClient: ClientProfile {
    static let name = "halfWindow"

    var session: ClientSession
    private var windows: [Int32: Int] = [0: 65_535, 1: 65_535]
    private var bufferedBytes = 0
    private var generator: SeededGenerator

    init(_ call: ClientCall, seed: UInt64) {
        session = ClientSession(call)
        generator = SeededGenerator(seed: seed)
    }

    mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            session.begin(&client)
        case .frame(let header, _) where header.kind == .data:
            windows[0, default: 0] -= header.length
            windows[1, default: 0] -= header.length
            if bufferedBytes == 0 { client.setTimer(after: pause()) }
            bufferedBytes += header.length
        case .timer:
            // The application takes a part of what has come, or all of it.
            bufferedBytes -= Bool.random(using: &generator) ? bufferedBytes : bufferedBytes / 2
            for stream: Int32 in [1, 0] {
                let full = 65_535 - bufferedBytes + (Int.random(in: 0..<6, using: &generator) == 0 ? 16_000 : 0)
                guard let window = windows[stream], window < 65_535 / 2, full > window else { continue }
                windows[stream] = full
                client.send(.windowUpdate(full - window, stream: stream))
            }
            if bufferedBytes > 0 { client.setTimer(after: pause()) }
        default:
            _ = session.keepHouse(fact, &client)
        }
    }

    private mutating func pause() -> Duration { .microseconds(Int.random(in: 1..<3_000, using: &generator)) }
}

/// Sends messages of sizes between `bytes` and a quarter more, and rests now and then.
private struct Chunks: Weir_Simulation_V1_PatternService.ServiceProtocol {
    let clock: VirtualClock
    let bytes: Int
    let seed: UInt64

    nonisolated(nonsending) func stream(
        _ request: Weir_Simulation_V1_PatternRequest, stream: ResponseStream<Weir_Simulation_V1_PatternChunk>,
        context: CallContext
    ) async throws {
        var generator = SeededGenerator(seed: seed)
        var chunk = Weir_Simulation_V1_PatternChunk()
        while chunk.sequence < request.chunks {
            let length = Int.random(in: bytes...(bytes + bytes / 4), using: &generator)
            chunk.payload = ByteBuffer(repeating: 7, count: length)
            try await stream.send(chunk)
            chunk.sequence += 1
            if chunk.sequence % 7 == 0 { try await clock.sleep(for: .microseconds(chunk.sequence % 300)) }
        }
    }
}

@Suite("A client that returns credit once half of a window is used")
struct HalfWindowTests {
    @Test(
        "never waits for a server that waits for it",
        arguments: [10, 100, 995, 5_000, 16_005, 20_000, 28_000, 34_000, 50_000, 200_000])
    func goesOn(messageBytes: Int) throws {
        let total = messageBytes < 1_000 ? 300_000 : 2_000_000
        for seed in 0..<6 as Range<UInt64> {
            let clock = VirtualClock()
            let simulation = try Simulation(
                seed: seed, clock: clock, services: [Chunks(clock: clock, bytes: messageBytes, seed: seed)])
            let call = try ClientCall.pattern(chunks: UInt64(total / messageBytes), payloadBytes: 0)
            let client = simulation.connect(HalfWindowClient(call, seed: seed), keeping: .counts)
            var lastData = clock.now
            var longestGap = Duration.zero
            client.onFrame = { header in
                guard header.kind == .data else { return }
                longestGap = max(longestGap, clock.now.sinceStart - lastData.sinceStart)
                lastData = clock.now
            }
            let ended = try simulation.run(atMost: .seconds(200)) { client.resultCount > 0 }
            #expect(ended, "seed \(seed)")
            #expect(client.results.last?.status == "0", "seed \(seed)")
            // The client takes 3 ms at most to look, the service rests less; a hold-back would take a second.
            #expect(longestGap < .milliseconds(20), "seed \(seed)")
        }
    }
}
