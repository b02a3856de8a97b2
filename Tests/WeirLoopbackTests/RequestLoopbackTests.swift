// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirRPC
import WeirServer

@Suite("RequestStream over a real socket: on the loop, and from other threads")
struct RequestLoopbackTests {
    /// Reads from an executor that is not the loop's.
    private actor Reader {
        var sequences: [UInt64] = []

        func read(_ requests: RequestStream<Sample>, _ stream: ResponseStream<Sample>) async throws {
            for try await sample in requests {
                sequences.append(sample.sequence)
                try await stream.send(sample)
            }
        }
    }

    enum Place: CaseIterable, Sendable {
        case loop, detachedTask, actor
    }

    @Test("messages keep their order, whoever reads them", arguments: Place.allCases)
    func order(place: Place) async throws {
        let reader = Reader()
        try await Loopback.serve { requests, stream in
            switch place {
            case .loop:
                for try await sample in requests { try await stream.send(sample) }
            case .detachedTask:
                try await Task.detached { for try await sample in requests { try await stream.send(sample) } }.value
            case .actor:
                try await reader.read(requests, stream)
            }
        } test: { _, address in
            let peer = try SocketPeer(address)
            peer.returnsCredit = true
            peer.begin(SampleService.chatPath)
            for round in UInt64(0)..<10 {
                for number in UInt64(0)..<50 { try peer.upload(Sample(round * 50 + number, bytes: 100)) }
                try await until("the round is answered", peer: peer) {
                    peer[1].messages?.count == Int(round + 1) * 50
                }
            }
            peer.halfClose()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == Array(0..<500))
            #expect(peer[1].status == "0")
        }
        if place == .actor { #expect(await reader.sequences.count == 500) }
    }

    @Test("a handler that does not read gives no credit back, and holds no more than the window")
    func notRead() async throws {
        let mayRead = Shared(false)
        let read = Shared(0)
        try await Loopback.serve { requests, _ in
            try await until("reading is allowed") { mayRead.value }
            for try await _ in requests { read.update { $0 += 1 } }
        } test: { server, address in
            let peer = try SocketPeer(address)
            peer.begin(SampleService.chatPath)
            for number in UInt64(0)..<6 { try peer.upload(Sample(number, bytes: 10_000)) }
            try await until("everything arrived", peer: peer) { await server.snapshot().receivedBytes > 60_000 }
            #expect(peer.credit[1] == nil)
            mayRead.set(true)
            try await until("credit comes back", peer: peer) { peer.credit[1] != nil }
            peer.halfClose()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(read.value == 6)
        }
    }

    @Test("a detached task that is cancelled while it waits loses no message")
    func cancelledElsewhere() async throws {
        let codes = Shared<[StatusCode]>([])
        try await Loopback.serve { requests, stream in
            let waiting = Task.detached {
                var iterator = requests.makeAsyncIterator()
                do throws(RPCError) {
                    _ = try await iterator.next()
                } catch {
                    codes.update { $0.append(error.code) }
                }
            }
            try await stream.sendHeaders()
            waiting.cancel()
            await waiting.value
            try await stream.send(Sample(7))
            for try await sample in requests { try await stream.send(sample) }
        } test: { _, address in
            let peer = try SocketPeer(address)
            peer.begin(SampleService.chatPath)
            try await until("the task was cancelled", peer: peer) { peer[1].messages?.count == 1 }
            try peer.upload(Sample(8))
            peer.halfClose()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(codes.value == [.cancelled])
            #expect(peer[1].messages?.map(\.sequence) == [7, 8])
        }
    }

    @Test(
        "a task that waits elsewhere is told when the client cancels, and when its connection is gone",
        arguments: [true, false])
    func endElsewhere(resets: Bool) async throws {
        let codes = Shared<[StatusCode]>([])
        try await Loopback.serve { requests, stream in
            await Task.detached {
                do throws(RPCError) {
                    for try await sample in requests {
                        codes.update { $0.append(sample.sequence == 1 ? .ok : .unknown) }
                    }
                } catch {
                    codes.update { $0.append(error.code) }
                }
            }.value
        } test: { server, address in
            var peer: SocketPeer? = try SocketPeer(address)
            peer?.begin(SampleService.chatPath)
            try peer?.upload(Sample(1))
            try await until("the message is taken", peer: peer) { codes.value == [.ok] }
            if resets { peer?.reset(1) } else { peer = nil }
            try await until("the handler is told", peer: peer) { codes.value.count == 2 }
            #expect(codes.value.last == (resets ? .cancelled : .unavailable))
            peer = nil
        }
    }
}
