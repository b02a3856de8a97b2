// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// Ten streams on a connection whose client is a long round trip away, and returns the credit of a frame, the connection's
/// too, when the application has read it.
private final class LongRoundTrip {
    static let roundTrip: Duration = .milliseconds(200)

    let rig: ServerRig
    let ids = (0..<10).map { Int32(2 * $0 + 1) }
    let stopped: Int32
    /// DATA frames that came in since the last round: their streams and payloads.
    private var arrived: [(stream: Int32, bytes: Int)] = []

    init(messageBytes: Int, stopped: Int32) throws {
        self.stopped = stopped
        rig = try ServerRig({ $0.flow.stallDeadline = .seconds(3600) }, keeping: .counts)
        rig.connect()
        rig.onFrame = { [unowned self] header in
            if header.kind == .data { arrived.append((header.stream, header.length)) }
        }
        // The first one takes what it is given before anybody else wants it.
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
        for frame in read where frame.stream != stopped {
            rig.feed(.windowUpdate(frame.bytes, stream: frame.stream), .windowUpdate(frame.bytes))
        }
    }

    /// Bytes of each stream that reads over so many rounds, after as many to settle.
    func measure(rounds: Int) -> [Int] {
        for _ in 0..<rounds { round() }
        let reading = ids.filter { $0 != stopped }
        let before = reading.map { rig.peer[$0].dataBytes }
        for _ in 0..<rounds { round() }
        return zip(reading, before).map { rig.peer[$0].dataBytes - $1 }
    }
}

@Suite("Fair share over a long round trip")
struct LongRoundTripTests {
    private static let rounds = 400

    @Test(
        "a stopped reader keeps to its share, and its siblings get equal parts, whole messages or in parts",
        arguments: [1_000, 5_000, 10_000, 16_010, 16_384, 17_500, 20_000, 36_000], [1, 9] as [Int32])
    func equalParts(messageBytes: Int, stopped: Int32) throws {
        let connection = try LongRoundTrip(messageBytes: messageBytes, stopped: stopped)
        let bytes = connection.measure(rounds: Self.rounds)
        let (smallest, largest) = (bytes.min() ?? 0, bytes.max() ?? 0)
        let comment = Comment(rawValue: "\(messageBytes), \(stopped) stopped: \(bytes)")
        // What one turn, or one message, is more than another at the end of the measurement is no unfairness.
        let step = max(16_384, messageBytes)
        #expect(smallest >= largest - largest / 8 - step, comment)
        // Alone nine sixteenths of the window, and the message that was begun below that.
        let held = connection.rig.peer[stopped].dataBytes
        #expect(held <= 65_535 / 16 * 9 + messageBytes, comment)
        // What the stopped one leaves is used: nobody waits while there is credit.
        let rate = bytes.reduce(0, +) / Self.rounds
        #expect(rate >= (65_535 - held) / 2, comment)
        #expect(smallest > 0, comment)
    }

    @Test("beside a stopped reader that holds more than half, messages go out in parts")
    func largeMessages() throws {
        let messageBytes = 50_000
        let connection = try LongRoundTrip(messageBytes: messageBytes, stopped: 1)
        let bytes = connection.measure(rounds: Self.rounds)
        #expect(connection.rig.peer[1].dataBytes == messageBytes)
        #expect(bytes.reduce(0, +) / Self.rounds >= (65_535 - messageBytes) * 9 / 10)
        #expect((bytes.min() ?? 0) >= (bytes.max() ?? 0) * 3 / 4 - messageBytes)
    }
}
