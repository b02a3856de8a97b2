// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirServer

@Suite("ResponseStream over a real socket: sending without waiting, and from several threads")
struct TrySendTests {
    @Test("on the loop the answer is exact: sent up to the window, then refused with the cause")
    func onTheLoop() async throws {
        let refusals = Shared<[String]>([])
        let sent = Shared(0)
        try await Loopback.serve { stream, _ in
            for number in 1...20 {
                switch stream.trySend(Sample(UInt64(number), bytes: 190)) {
                case .sent: sent.update { $0 += 1 }
                case .refused(let refusal): refusals.update { $0.append("\(refusal)") }
                }
            }
        } test: { _, address in
            let peer = try SocketPeer(address, window: 1_000)
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(sent.value == 5)
            #expect(refusals.value == [String](repeating: "stream_window", count: 15))
            #expect(peer[1].messages?.map(\.sequence) == [1, 2, 3, 4, 5])
        }
    }

    @Test("from other threads a blocked stream takes a bounded number of bytes, and they arrive in order")
    func boundedFromThreads() async throws {
        let sent = Shared<[UInt64]>([])
        let last = Shared("")
        let isDone = Shared(false)
        try await Loopback.serve { stream, _ in
            try await stream.send(Sample(0, bytes: 900))
            Thread.start {
                var number: UInt64 = 1
                // Until the loop has told that there is no room.
                while number < 5_000, last.value != "stream_window" {
                    switch stream.trySend(Sample(number, bytes: 400)) {
                    case .sent: sent.update { $0.append(number) }
                    case .refused(let refusal): last.set("\(refusal)")
                    }
                    number += 1
                }
                isDone.set(true)
            }
            try await until("the stream's end is asked for") { isDone.value && sent.value.isEmpty }
        } test: { server, address in
            let peer = try SocketPeer(address, window: 1_000)
            peer.call()
            try await until("the producer is refused", peer: peer) { isDone.value }
            let taken = sent.value
            #expect(last.value == "stream_window")
            #expect(taken.count >= 1 && taken.count <= 16 * 1024 / 400)
            let held = await server.snapshot().heldBytes
            #expect(held > 0 && held <= 17 * 1024)
            peer.grant(1 << 20, stream: 1)
            try await until("all that was taken arrives", peer: peer) { peer[1].messages?.count == taken.count + 1 }
            #expect(peer[1].messages?.dropFirst().map(\.sequence) == taken)
            sent.set([])
            try await until("the call ends", peer: peer) { peer[1].isOver }
        }
    }

    @Test("tasks and threads at once: each one's messages arrive whole and in its order")
    func allAtOnce() async throws {
        let each: UInt64 = 200
        let threads = Shared(0)
        try await Loopback.serve { stream, _ in
            for sender in [UInt32(7), 8] {
                Thread.start {
                    var number: UInt64 = 0
                    while number < each {
                        switch stream.trySend(Sample(sender: sender, number, bytes: 120)) {
                        case .sent: number += 1
                        case .refused(.ended): return
                        case .refused: Thread.yield()
                        }
                    }
                    threads.update { $0 += 1 }
                }
            }
            try await withThrowingTaskGroup { group in
                for sender in [UInt32(1), 2, 3] {
                    group.addTask {
                        for number in 0..<each { try await stream.send(Sample(sender: sender, number, bytes: 120)) }
                    }
                }
                for sender in [UInt32(4), 5] {
                    let outside = Task.detached {
                        for number in 0..<each { try await stream.send(Sample(sender: sender, number, bytes: 120)) }
                    }
                    group.addTask { try await outside.value }
                }
                group.addTask {
                    // Changes between forms, and between the loop and elsewhere.
                    for number in 0..<each {
                        let message = Sample(sender: 6, number, bytes: 120)
                        try await Elsewhere.shared.run {
                            if number % 2 == 0, stream.trySend(message).isSent { return }
                            try await stream.send(message)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await until("the threads are through") { threads.value == 2 }
            // What the threads handed over is taken by the loop before this.
            try await stream.send(Sample(sender: 9, 0))
        } test: { _, address in
            let peer = try SocketPeer(address, window: 3_000)
            peer.returnsCredit = true
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].status == "0")
            let messages = try #require(peer[1].messages)
            for sender in UInt32(1)...8 {
                #expect(messages.filter { $0.sender == sender }.map(\.sequence) == Array(0..<each), "sender \(sender)")
            }
            #expect(messages.count == 8 * Int(each) + 1)
        }
    }

    @Test("what was handed over goes before what is sent on the loop afterwards", arguments: [true, false])
    func noOvertaking(offers: Bool) async throws {
        try await Loopback.serve { stream, _ in
            let (first, firstGo) = AsyncStream<Void>.makeStream()
            let (second, secondGo) = AsyncStream<Void>.makeStream()
            let isReady = Shared(false)
            async let noise: Void = { for await _ in first {} }()
            async let sender: Void = {
                for await _ in second {
                    if offers { _ = stream.trySend(Sample(2)) } else { try? await stream.send(Sample(2)) }
                }
            }()
            try await stream.send(Sample(0))
            await Task.yield()
            Thread.start {
                // The loop is busy below, so these wait for it in this order: a turn, the hand-over, a job of that turn.
                firstGo.finish()
                _ = stream.trySend(Sample(1))
                secondGo.yield()
                secondGo.finish()
                isReady.set(true)
            }
            while !isReady.value { Thread.yield() }
            await noise
            await sender
        } test: { _, address in
            let peer = try SocketPeer(address)
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == [0, 1, 2])
        }
    }

    @Test("the process's budget gets every byte back that was handed over")
    func budget() async throws {
        let isDone = Shared(false)
        try await Loopback.serve {
            $0.streamBufferBytes = 32 * 1024
            $0.connectionSendBudgetBytes = 64 * 1024
            $0.processSendBudgetBytes = 128 * 1024
        } handler: { stream, _ in
            Thread.start {
                var number: UInt64 = 0
                while number < 2_000 {
                    switch stream.trySend(Sample(number, bytes: 200)) {
                    case .sent: number += 1
                    case .refused(.ended): return
                    case .refused: Thread.yield()
                    }
                }
                isDone.set(true)
            }
            try await until("the thread is through") { isDone.value }
        } test: { _, address in
            let peer = try SocketPeer(address)
            peer.returnsCredit = true
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == Array(0..<2_000))
        }
    }

    @Test("what a thread was told is sent goes out in front of the status, although it waits when the handler returns")
    func handlerReturns() async throws {
        let sent = Shared<UInt64?>(nil)
        let returns = Shared(false)
        try await Loopback.serve { stream, _ in
            Thread.start {
                var number: UInt64 = 0
                while true {
                    switch stream.trySend(Sample(number, bytes: 1_000)) {
                    case .sent: number += 1
                    case .refused(.streamWindow), .refused(.connectionWindow): return sent.set(number)
                    case .refused(.ended): return
                    case .refused: Thread.yield()
                    }
                }
            }
            try await until("a message waits") { sent.value != nil }
            // The loop is this handler's until the status is decided.
            returns.set(true)
        } test: { _, address in
            let peer = try SocketPeer(address)
            peer.call()
            try await until("the handler returns", peer: peer) { returns.value }
            peer.grant(65_535, stream: 0)
            peer.grant(65_535, stream: 1)
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == Array(0..<(sent.value ?? 0)))
        }
    }

    @Test("after the end every thread is told why")
    func afterTheEnd() async throws {
        let kept = Shared<ResponseStream<Sample>?>(nil)
        try await Loopback.serve { stream, _ in
            kept.set(stream)
        } test: { server, address in
            let peer = try SocketPeer(address)
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            try await until("the handler has returned") { await server.snapshot().handlers == 0 }
            let stream = try #require(kept.value)
            guard case .refused(.ended) = stream.trySend(Sample(1)) else {
                Issue.record("a message was taken after the end")
                return
            }
            await #expect(throws: RPCError.self) { try await stream.send(Sample(1)) }
            await #expect(throws: RPCError.self) { try await stream.send(Sample(1), deadline: .seconds(1)) }
            await #expect(throws: RPCError.self) { try await stream.pull { nil } }
            let asked = Shared(0)
            let numbers = AsyncStream<Sample> {
                asked.update { $0 += 1 }
                return nil
            }
            await #expect(throws: RPCError.self) { try await stream.send(contentsOf: numbers) }
            #expect(asked.value == 0)
        }
    }
}

/// An actor of its own executor: what it runs is on no connection's loop.
private actor Elsewhere {
    static let shared = Elsewhere()

    func run(_ body: @Sendable () async throws -> Void) async throws {
        try await body()
    }
}
