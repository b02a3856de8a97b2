// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirServer

@Suite("ResponseStream over a real socket: what a handler sees, sets and survives")
struct FlowLoopbackTests {
    @Test("flow tells windows, waiting bytes and cause; its changes come one by one and end with the call")
    func flow() async throws {
        let seen = Shared<[StreamStalled.Cause?]>([])
        let blocked = Shared<StreamFlow?>(nil)
        let hasEnded = Shared(false)
        try await Loopback.serve { stream, _ in
            let changes = stream.flowChanges
            Task {
                for await change in changes { seen.update { $0.append(change.blockedCause) } }
                hasEnded.set(true)
            }
            try await stream.send(Sample(1, bytes: 900))
            async let second: Void = stream.send(Sample(2, bytes: 500))
            try await until("the send waits") {
                let flow = await stream.flow
                blocked.set(flow)
                return flow.blockedCause == .streamWindow && flow.messagesSent == 1
            }
            try await second
            try await until("the observer saw the end of it") { seen.value.count >= 2 }
        } test: { _, address in
            let peer = try SocketPeer(address, window: 1_000)
            peer.call()
            try await until("the stream is blocked", peer: peer) { seen.value == [.streamWindow] }
            try await until("the handler saw it", peer: peer) { blocked.value?.blockedCause == .streamWindow }
            let flow = try #require(blocked.value)
            #expect(flow.waitingBytes > 500 && flow.waitingBytes < 520)
            #expect(flow.streamWindowBytes < 100)
            #expect(flow.queuedBytes == 0)
            peer.grant(1_000, stream: 1)
            try await until("the call ends", peer: peer) { peer[1].isOver }
            try await until("the changes end") { hasEnded.value }
            #expect(seen.value == [.streamWindow, nil])
        }
    }

    @Test("an observer whose task is cancelled ends, and the call goes on")
    func cancelledObserver() async throws {
        try await Loopback.serve { stream, _ in
            for _ in 0..<20 {
                let observer = Task { for await _ in stream.flowChanges {} }
                observer.cancel()
                await observer.value
            }
            try await stream.send(Sample(1))
        } test: { _, address in
            let peer = try SocketPeer(address)
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.count == 1)
        }
    }

    @Test("a handler shortens the stall deadline of its own call, while it is blocked")
    func deadlines() async throws {
        let before = Shared<CallFlowSettings?>(nil)
        try await Loopback.serve { stream, context in
            before.set(await context.flow)
            await #expect(throws: RPCError.self) { try await context.updateFlow { $0.stallDeadline = .zero } }
            async let sending: Void = stream.send(Sample(1, bytes: 500))
            try await until("the send waits") { await stream.flow.blockedCause != nil }
            try await context.updateFlow { $0.stallDeadline = .milliseconds(50) }
            #expect(await context.flow.stallDeadline == .milliseconds(50))
            try await sending
        } test: { _, address in
            let peer = try SocketPeer(address, window: 0)
            peer.call()
            try await until("the stream is cut", peer: peer) { peer[1].isOver }
            #expect(peer[1].status == "8")
            #expect(before.value?.stallDeadline == .seconds(60))
        }
    }

    @Test("a handler that loops over actor calls does not starve the sockets")
    func actorLoop() async throws {
        actor Counter {
            var count = 0
            func next() -> Int {
                count += 1
                return count
            }
        }
        let isOver = Shared(false)
        let rounds = Shared(0)
        try await Loopback.serve { stream, _ in
            let counter = Counter()
            while !isOver.value { rounds.set(await counter.next()) }
            try await stream.send(Sample(1))
        } test: { _, address in
            // Also when this fails: the handler does not look for its cancellation.
            defer { isOver.set(true) }
            let busy = try SocketPeer(address)
            busy.call()
            try await until("the handler loops", peer: busy) { rounds.value > 1_000 }
            let other = try SocketPeer(address)
            for round in 0..<20 {
                let stream = UInt32(round * 2 + 1)
                other.call(SampleService.quickPath, stream: stream)
                try await until("a call beside it is answered", peer: other) { other[stream].isOver }
                #expect(other[stream].messages?.count == 1)
            }
            let before = rounds.value
            try await until("the handler loops still", peer: busy) { rounds.value > before }
            isOver.set(true)
            try await until("the call ends", peer: busy) { busy[1].isOver }
        }
    }

    @Test("user code that runs while a stream is cancelled may use the stream")
    func reentrance() async throws {
        let answers = Shared<[String]>([])
        let late = Shared(0)
        try await Loopback.serve { stream, _ in
            let changes = stream.flowChanges
            await withTaskCancellationHandler {
                async let first: Void = stream.send(Sample(1, bytes: 500))
                async let second: Void = stream.send(Sample(2, bytes: 500))
                _ = try? await (first, second)
            } onCancel: {
                for number in UInt64(0)..<3 {
                    if case .refused(.ended) = stream.trySend(Sample(number)) { answers.update { $0.append("ended") } }
                }
                _ = changes.makeAsyncIterator()
                Task {
                    _ = try? await stream.send(Sample(4))
                    late.set(await stream.flow.waitingBytes + 1)
                }
            }
        } test: { server, address in
            let peer = try SocketPeer(address, window: 0)
            for stream in [UInt32(1), 3, 5] { peer.call(stream: stream) }
            try await until("all wait", peer: peer) { await server.snapshot().suspendedSenders == 6 }
            for stream in [UInt32(1), 3, 5] { peer.reset(stream) }
            try await until("all handlers were cancelled", peer: peer) { answers.value.count == 9 }
            try await until("what they started is through", peer: peer) { late.value == 1 }
        }
    }
}
