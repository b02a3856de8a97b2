// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// Ten streams on a connection whose client is a long round trip away, and returns the credit of a frame, the connection's
/// too, when the application has read it.
final class LongRoundTrip {
    static let roundTrip: Duration = .milliseconds(200)

    let rig: ServerRig
    let ids = (0..<10).map { Int32(2 * $0 + 1) }
    let stopped: Set<Int32>
    /// DATA frames that came in since the last round: their streams and payloads.
    private var arrived: [(stream: Int32, bytes: Int)] = []

    init(messageBytes: Int, stopped: Set<Int32>) throws {
        self.stopped = stopped
        rig = try ServerRig({ $0.flow.stallDeadline = .seconds(3600) }, keeping: .counts)
        rig.connect()
        rig.onFrame = { [unowned self] header in
            if header.kind == .data { arrived.append((header.stream, header.length)) }
        }
        // The stopped one comes first, so that it takes what it is given before anybody else wants it.
        for id in ids {
            let call = try #require(rig.openList(id))
            Sender(call, [Int](repeating: messageBytes - 5, count: 20_000_000 / messageBytes)).run()
        }
        rig.pump()
    }

    func round() {
        rig.advance(by: Self.roundTrip)
        let read = arrived
        arrived = []
        for frame in read where !stopped.contains(frame.stream) {
            rig.feed(.windowUpdate(frame.bytes, stream: frame.stream), .windowUpdate(frame.bytes))
        }
    }

    /// Bytes of each stream that reads over so many rounds, after as many to settle.
    func measure(rounds: Int) -> [Int] {
        for _ in 0..<rounds { round() }
        let reading = ids.filter { !stopped.contains($0) }
        let before = reading.map { rig.peer[$0].dataBytes }
        for _ in 0..<rounds { round() }
        return zip(reading, before).map { rig.peer[$0].dataBytes - $1 }
    }
}

@Suite("Fair share over a long round trip")
struct LongRoundTripTests {
    private static let rounds = 400

    @Test(
        "a stopped reader's siblings get equal parts, whether their messages go out whole or in parts",
        arguments: [1_000, 5_000, 10_000, 16_010, 17_500, 20_000, 50_000])
    func equalParts(messageBytes: Int) throws {
        let connection = try LongRoundTrip(messageBytes: messageBytes, stopped: [1])
        try expectEqualParts(connection, messageBytes)
    }

    private func expectEqualParts(_ connection: LongRoundTrip, _ messageBytes: Int) throws {
        let bytes = connection.measure(rounds: Self.rounds)
        let (smallest, largest) = (bytes.min() ?? 0, bytes.max() ?? 0)
        // What one turn, or one message, is more than another at the end of the measurement is no unfairness.
        let step = max(16_384, messageBytes)
        #expect(smallest >= largest - largest / 4 - step, "\(messageBytes): \(bytes)")
        // What the stopped one leaves is used: nobody waits while there is credit.
        let held = connection.ids.filter { connection.stopped.contains($0) }.map { connection.rig.peer[$0].dataBytes }
            .reduce(0, +)
        let rate = bytes.reduce(0, +) / Self.rounds
        #expect(rate >= (65_535 - held) / 2, "\(messageBytes): \(rate) bytes a round, \(held) held")
        #expect(smallest > 0)
    }
}
