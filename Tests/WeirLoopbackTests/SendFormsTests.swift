// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirServer

@Suite("ResponseStream over a real socket: forms of send")
struct SendFormsTests {
    @Test("a send whose deadline passes throws, and the stream goes on without a byte of its message")
    func deadline() async throws {
        let timedOut = Shared<SendTimedOut?>(nil)
        try await Loopback.serve { stream, _ in
            try await stream.send(Sample(1, bytes: 900))
            do {
                try await stream.send(Sample(2, bytes: 500), deadline: .milliseconds(30))
            } catch let error where error.sendTimedOut != nil {
                timedOut.set(error.sendTimedOut)
            }
            await #expect(throws: RPCError.self) { try await stream.send(Sample(3, bytes: 500), deadline: .zero) }
            try await stream.send(Sample(4, bytes: 500), deadline: .seconds(60))
        } test: { _, address in
            let peer = try SocketPeer(address, window: 1_000)
            peer.call()
            try await until("the send times out", peer: peer) { timedOut.value != nil }
            let report = try #require(timedOut.value)
            #expect(report.waitedFor >= .milliseconds(30))
            #expect(report.cause == .streamWindow)
            #expect(report.streamWindowBytes < 100)
            peer.grant(1_000, stream: 1)
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == [1, 4])
            #expect(peer[1].status == "0")
        }
    }

    @Test("sequences are sent in order, and an asynchronous one's error is thrown on")
    func sequences() async throws {
        struct Over: Error {}
        let caught = Shared(false)
        try await Loopback.serve { stream, _ in
            try await stream.send(contentsOf: (1...100).lazy.map { Sample($0, bytes: 100) })
            let numbers = AsyncThrowingStream<Sample, any Error> { continuation in
                for number in 101...200 { continuation.yield(Sample(UInt64(number), bytes: 100)) }
                continuation.finish(throwing: Over())
            }
            do {
                try await stream.send(contentsOf: numbers)
            } catch is Over {
                caught.set(true)
            }
        } test: { _, address in
            let peer = try SocketPeer(address, window: 2_000)
            peer.returnsCredit = true
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == Array(1...200))
            #expect(caught.value)
        }
    }

    @Test("an asynchronous sequence is not read on once the stream has ended")
    func sequenceOfEndedStream() async throws {
        let asked = Shared(0)
        let failure = Shared<(any Error)?>(nil)
        try await Loopback.serve { stream, _ in
            let numbers = AsyncStream<Sample> {
                asked.update { $0 += 1 }
                return Sample(UInt64(asked.value), bytes: 300)
            }
            // Not a part of the call, so that the call's cancellation does not reach it.
            let task = Task {
                do { try await stream.send(contentsOf: numbers) } catch { failure.set(error) }
            }
            await task.value
        } test: { _, address in
            let peer = try SocketPeer(address, window: 1_000)
            peer.call()
            try await until("the windows are used up", peer: peer) { asked.value == 4 }
            peer.reset(1)
            try await until("the sender is told", peer: peer) { failure.value != nil }
            #expect((failure.value as? RPCError)?.code == .cancelled)
            #expect(asked.value == 4)
        }
    }

    @Test("a pulled source is asked only when there is room, so a slow client gets the newest value")
    func pull() async throws {
        let asked = Shared(0)
        let (values, continuation) = AsyncStream<Sample>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await Loopback.serve { stream, _ in
            var iterator = values.makeAsyncIterator()
            try await stream.pull { () async throws -> Sample? in
                asked.update { $0 += 1 }
                return await iterator.next(isolation: #isolation)
            }
        } test: { _, address in
            let peer = try SocketPeer(address, window: 500)
            peer.call()
            continuation.yield(Sample(1, bytes: 480))
            try await until("the first value arrives", peer: peer) { peer[1].messages?.count == 1 }
            for number in 2...50 { continuation.yield(Sample(UInt64(number), bytes: 480)) }
            try await until("the handler waits", peer: peer) { asked.value == 1 }
            peer.grant(500, stream: 1)
            try await until("the next value arrives", peer: peer) { peer[1].messages?.count == 2 }
            #expect(peer[1].messages?.map(\.sequence) == [1, 50])
            #expect(asked.value == 2)
            continuation.finish()
            peer.grant(500, stream: 1)
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].status == "0")
        }
    }

    @Test("a pulled sequence arrives whole, and a client that reads nothing stalls while it is not asked")
    func pullSequence() async throws {
        let failure = Shared<(any Error)?>(nil)
        try await Loopback.serve {
            $0.stallDeadline = .milliseconds(200)
        } handler: { stream, context in
            let numbers = AsyncStream<Sample> { continuation in
                for number in 1...300 { continuation.yield(Sample(UInt64(number), bytes: 200)) }
            }
            do { try await stream.pull(from: numbers) } catch { failure.set(error) }
        } test: { _, address in
            let peer = try SocketPeer(address, window: 30_000)
            peer.call()
            try await until("the stream is cut", peer: peer) { peer[1].isOver }
            #expect(peer[1].status == "8")
            let numbers = peer[1].wholeMessages.messages.map(\.sequence)
            #expect(numbers == Array(1...UInt64(numbers.count)))
            #expect(numbers.count > 100 && numbers.count < 300)
            try await until("the handler is told") { failure.value != nil }
            #expect(failure.value?.streamStalled?.cause == .streamWindow)
        }
    }

    @Test("a cancelled sender leaves nothing of its message, and the next one goes", arguments: [true, false])
    func cancelledSender(isOnLoop: Bool) async throws {
        let isCancelled = Shared(false)
        try await Loopback.serve { stream, _ in
            try await stream.send(Sample(1, bytes: 900))
            try await withThrowingTaskGroup { group in
                group.addTask {
                    if isOnLoop { return try await stream.send(Sample(2, bytes: 500)) }
                    try await Task.detached { try await stream.send(Sample(2, bytes: 500)) }.cancellableValue
                }
                try await until("the sender waits") { await stream.flow.waitingBytes > 0 }
                group.cancelAll()
                await #expect(throws: RPCError.self) { try await group.waitForAll() }
            }
            isCancelled.set(true)
            try await stream.send(Sample(3, bytes: 500))
        } test: { _, address in
            let peer = try SocketPeer(address, window: 1_000)
            peer.call()
            try await until("the sender was cancelled", peer: peer) { isCancelled.value }
            peer.grant(10_000, stream: 1)
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == [1, 3])
        }
    }
}

extension Task where Failure == any Error {
    /// The task's value; cancels it when the waiting task is cancelled.
    fileprivate var cancellableValue: Success {
        get async throws {
            try await withTaskCancellationHandler {
                try await value
            } onCancel: {
                cancel()
            }
        }
    }
}
