// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: receive credit")
struct ReceiveTests {
    private let window = 65_535

    private func rig() throws -> ServerRig {
        let rig = try ServerRig { configuration in
            configuration.settings.connectionReceiveWindowBytes = 65_535
            configuration.settings.streamReceiveWindowBytes = 65_535
        }
        rig.onStart = { $0.handlerReturned(Status(code: .aborted)) }
        rig.connect()
        return rig
    }

    /// What the peer may still send on the connection, in the peer's own books.
    private func open(_ rig: ServerRig, sent: Int) -> Int { window + (rig.peer.credit[0] ?? 0) - sent }

    @Test("the bytes of requests come back, padding included, on connection and stream", arguments: [nil, 0, 1, 255])
    func creditOfRequests(padding: Int?) throws {
        let rig = try rig()
        var sent = 0
        for index in 0..<30 {
            let id = Int32(2 * index + 1)
            rig.feed(ServerRig.request("/test.Echo/Get", stream: id, message: nil, ends: false))
            let body = [0] + RawFrame.bigEndian(50_000) + [UInt8](repeating: 1, count: 50_000)
            for start in stride(from: 0, to: body.count, by: 10_000) {
                let part = Array(body[start..<min(start + 10_000, body.count)])
                let frame = RawFrame.data(part, stream: id, ends: start + 10_000 >= body.count, padding: padding)
                sent += frame.payload.count
                rig.feed(frame)
                #expect(open(rig, sent: sent) > window / 2 - 1)
            }
            #expect(rig.peer[id].status == "10")
            #expect((rig.peer.credit[id] ?? 0) >= 32_768)
        }
        #expect(rig.protocolErrors.isEmpty)
        #expect(rig.requests.count == 30)
    }

    @Test("DATA for a request that was rejected already comes back to the connection")
    func rejected() throws {
        let rig = try rig()
        var sent = 0
        for index in 0..<40 {
            let id = Int32(2 * index + 1)
            var bytes = ServerRig.request("/test.Echo/None", stream: id, message: nil, ends: false)
            // On its way before the answer could be known.
            bytes += RawFrame.data([UInt8](repeating: 0, count: 9_000), stream: id).bytes
            rig.feed(bytes)
            rig.feed(.data([UInt8](repeating: 0, count: 1_000), stream: id))
            sent += 10_000
            #expect(rig.peer[id].status == "12")
            #expect(open(rig, sent: sent) > window / 2 - 1)
        }
        #expect(rig.protocolErrors.isEmpty)
        #expect(rig.closed == 0)
        #expect(rig.holdsNothing)
    }

    @Test("DATA of a request that the peer resets comes back to the connection")
    func reset() throws {
        let rig = try rig()
        var sent = 0
        for index in 0..<40 {
            let id = Int32(2 * index + 1)
            rig.feed(ServerRig.request("/test.Echo/Get", stream: id, message: nil, ends: false))
            rig.feed(.data([0, 0, 0, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 9_000), stream: id))
            rig.feed(.reset(id, code: 8))
            sent += 9_005
            #expect(open(rig, sent: sent) > window / 2 - 1)
        }
        #expect(rig.holdsNothing)
    }

    @Test("a request message up to the limit is taken, one byte more fails with status 8", arguments: [0, 1])
    func messageLimit(excess: Int) throws {
        let rig = try rig()
        let count = (1 << 20) + excess
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 1, message: nil, ends: false))
        rig.feed(.data([0] + RawFrame.bigEndian(UInt32(count)), stream: 1))
        #expect(rig.peer[1].status == (excess == 0 ? nil : "8"))
        #expect(rig.holdsNothing == (excess == 1))
    }

    @Test("a peer that breaks the protocol is told by GOAWAY and the connection closed once")
    func protocolError() throws {
        let rig = try rig()
        let call = rig.openList(1)
        #expect(call != nil)
        rig.feed(.data([1], stream: 0))
        #expect(rig.protocolErrors.count + rig.closed >= 1)
        #expect(rig.peer.count(.goAway) == 1)
        #expect(rig.closed == 1)
    }
}
