// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: receive windows that grow")
struct ReceiveGrowthTests {
    private func bandwidthPings(_ rig: ServerRig) -> [RawFrame] {
        rig.peer.frames.filter { $0.kind == .ping && $0.flags == 0 && $0.payload == payload(.bandwidth) }
    }

    private func payload(_ ping: HTTP2Ping) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: ping.rawValue >> (56 - 8 * $0)) }
    }

    private func initialWindows(_ rig: ServerRig) -> [UInt32] {
        rig.peer.frames.filter { $0.kind == .settings }.flatMap { frame in
            stride(from: 0, to: frame.payload.count - 5, by: 6).compactMap { index in
                let entry = frame.payload[index..<(index + 6)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                return entry >> 32 == 4 ? UInt32(truncatingIfNeeded: entry) : nil
            }
        }
    }

    @Test("windows grow to what a round trip carries, for streams that are open too, one PING at a time")
    func growsByMeasuring() throws {
        let rig = try ServerRig { $0.settings.connectionReceiveWindowBytes = 65_535 }
        rig.connect()
        rig.advance(by: .seconds(100))
        #expect(bandwidthPings(rig).isEmpty)
        let receiver = Receiver(try #require(rig.openTalk()))
        var sent = 0
        var stream = 65_536
        for round in 0..<12 {
            rig.now = rig.now + .milliseconds(10)
            // A window's worth arrives, and the answer behind it.
            let pings = bandwidthPings(rig).count
            var burst = min(rig.peerWindow(sent: sent), rig.peerWindow(1, sent: sent, first: stream))
            while burst >= 4_096 {
                rig.feed(.data(ServerRig.framed(4_091), stream: 1))
                rig.ask(receiver)
                sent += 4_096
                burst -= 4_096
            }
            #expect(bandwidthPings(rig).count <= pings + 1, "round \(round)")
            rig.now = rig.now + .milliseconds(10)
            rig.feed(.ping(payload(.bandwidth), acknowledge: true))
            if let announced = initialWindows(rig).last, announced > stream {
                stream = Int(announced)
                rig.feed(RawFrame(kind: .settings, flags: RawFrame.acknowledge))
            }
        }
        let session = rig.connection.session
        #expect(initialWindows(rig).last == 4 << 20)
        #expect(session.receiving.windowBytes == 4 << 20)
        let open = try #require(session.streams[1])
        #expect(session.libraryReceiveWindow(of: open).windowBytes == 4 << 20)
        #expect(initialWindows(rig) == initialWindows(rig).sorted())
        #expect(rig.protocolErrors.isEmpty)
        #expect(rig.receiveBudget.takenBytes >= 4 << 20)
        // At the limit there is nothing more to measure.
        let pings = bandwidthPings(rig).count
        for _ in 0..<200 {
            rig.feed(.data(ServerRig.framed(4_091), stream: 1))
            rig.ask(receiver)
        }
        #expect(bandwidthPings(rig).count == pings)
        #expect(receiver.sizes.allSatisfy { $0 == 4_091 })
    }

    @Test("each window has its own limit, and measuring can be turned off", arguments: 0..<3)
    func knobs(which: Int) throws {
        let rig = try ServerRig { configuration in
            configuration.settings.connectionReceiveWindowBytes = 200_000
            if which == 0 { configuration.settings.maximumStreamReceiveWindowBytes = 0 }
            if which == 1 { configuration.settings.maximumConnectionReceiveWindowBytes = 0 }
            if which == 2 { configuration.settings.measuresBandwidth = false }
        }
        rig.connect()
        let receiver = Receiver(try #require(rig.openTalk()))
        for _ in 0..<10 {
            for _ in 0..<8 {
                rig.feed(.data(ServerRig.framed(16_379), stream: 1))
                rig.ask(receiver)
            }
            rig.now = rig.now + .milliseconds(1)
            rig.feed(.ping(payload(.bandwidth), acknowledge: true))
        }
        #expect(bandwidthPings(rig).isEmpty == (which == 2))
        let connection = rig.connection.session.receiving.windowBytes
        switch which {
        case 0:
            #expect(initialWindows(rig) == [65_536])
            #expect(connection > 200_000)
        case 1:
            #expect((initialWindows(rig).last ?? 0) > 65_536)
            #expect((initialWindows(rig).last ?? 0) <= 200_000)
            #expect(connection == 200_000)
        default:
            #expect(initialWindows(rig) == [65_536])
            #expect(connection == 200_000)
        }
    }

    @Test("a window that the budget has no room for does not grow")
    func growthInsideBudget() throws {
        let budget = ProcessReceiveBudget(limitBytes: 300_000)
        let rig = try ServerRig(receiveBudget: budget)
        rig.connect()
        let receiver = Receiver(try #require(rig.openTalk()))
        for _ in 0..<30 {
            rig.feed(.data(ServerRig.framed(9_995), stream: 1))
            rig.ask(receiver)
            rig.now = rig.now + .milliseconds(1)
            rig.feed(.ping(payload(.bandwidth), acknowledge: true))
        }
        #expect(rig.connection.session.receiving.windowBytes == 65_535 + 65_536)
        #expect(budget.takenBytes <= 150_000)
        #expect(initialWindows(rig).allSatisfy { $0 <= 131_071 })
    }

    @Test("the answer to one PING is not taken for the other's")
    func pingsApart() throws {
        let rig = try ServerRig()
        rig.connect()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.feed(.data(ServerRig.framed(16_000), stream: 1))
        rig.ask(receiver)
        #expect(bandwidthPings(rig).count == 1)
        rig.connection.beginDrain(at: rig.now)
        rig.pump()
        rig.feed(.ping(payload(.bandwidth), acknowledge: true))
        rig.feed(.ping([1, 2, 3, 4, 5, 6, 7, 8], acknowledge: true))
        #expect(rig.peer.count(.goAway) == 1)
        rig.feed(.ping(payload(.drain), acknowledge: true))
        #expect(rig.peer.count(.goAway) == 2)
    }
}
