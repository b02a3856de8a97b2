// SPDX-License-Identifier: Apache-2.0

import Logging
import Testing
import WeirRPC
import WeirServer

/// The examples of docs/sending.md, each as it stands there, so that they compile.
private enum SendingExamples {
    typealias Tick = Sample

    struct Market: Sendable {
        func ticks() -> AsyncStream<Tick> {
            AsyncStream { continuation in
                for number in 1...5 { continuation.yield(Sample(UInt64(number))) }
                continuation.finish()
            }
        }
        func onPrice(_ continuation: AsyncStream<Tick>.Continuation) {
            continuation.yield(Sample(1))
            continuation.yield(Sample(2))
            continuation.finish()
        }
        func nextSnapshot() async throws -> Tick? { nil }
        func skipped(_ tick: Tick, because reason: String) {}
    }

    final class Encoder: Sendable {
        enum Quality { case full, reduced }
        var quality: Quality {
            get { stored.value }
            set { stored.set(newValue) }
        }
        private let stored = Shared(Quality.full)
    }

    static func everyMessage(_ market: Market, _ stream: ResponseStream<Tick>) async throws {
        for try await tick in market.ticks() {
            try await stream.send(tick)
        }
    }

    static func sequence(_ market: Market, _ stream: ResponseStream<Tick>) async throws {
        try await stream.send(contentsOf: market.ticks())
    }

    static func deadline(_ tick: Tick, _ stream: ResponseStream<Tick>) async throws -> Int {
        var missed = 0
        do {
            try await stream.send(tick, deadline: .milliseconds(250))
        } catch let error where error.sendTimedOut != nil {
            missed += 1
        }
        return missed
    }

    static func stalled(_ tick: Tick, _ stream: ResponseStream<Tick>, _ logger: Logger) async throws {
        do {
            try await stream.send(tick)
        } catch let error where error.streamStalled != nil {
            logger.notice("slow client", metadata: ["cause": "\(error.streamStalled?.cause.rawValue ?? "")"])
            throw error
        }
    }

    static func newest(_ market: Market, _ stream: ResponseStream<Tick>) async throws {
        let prices = AsyncStream<Tick>(bufferingPolicy: .bufferingNewest(1)) { market.onPrice($0) }
        try await stream.pull(from: prices)
    }

    static func snapshots(_ market: Market, _ stream: ResponseStream<Tick>) async throws {
        try await stream.pull {
            try await market.nextSnapshot()
        }
    }

    static func offer(_ tick: Tick, _ market: Market, _ stream: ResponseStream<Tick>) throws {
        switch stream.trySend(tick) {
        case .sent: break
        case .refused(.ended(let error)): throw error
        case .refused(let reason): market.skipped(tick, because: "\(reason)")
        }
    }

    static func watch(_ encoder: Encoder, _ stream: ResponseStream<Tick>) async {
        for await change in stream.flowChanges {
            encoder.quality = change.blockedCause == nil ? .full : .reduced
        }
    }

    static func patience(_ context: CallContext) async throws {
        try await context.updateFlow { $0.stallDeadline = .seconds(5) }
    }
}

@Suite("docs/sending.md")
struct SendingExamplesTests {
    @Test("every example stands in the compiled source, word for word")
    func examplesCompile() throws {
        let here = #filePath
        let source = Lines(try #require(TextFile.read(here)))
        let root = here.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = Lines(try #require(TextFile.read("/\(root)/docs/sending.md")))
        let examples = page.blocks(after: "```swift", until: "```")
        #expect(examples.count == 9)
        for example in examples {
            #expect(source.contains(example), "not compiled: \(example.joined(separator: "\n"))")
        }
    }

    @Test("the examples do what the page says, with a client that reads")
    func examplesRun() async throws {
        let missed = Shared(-1)
        try await Loopback.serve { stream, context in
            let market = SendingExamples.Market()
            try await SendingExamples.patience(context)
            let watcher = Task { await SendingExamples.watch(SendingExamples.Encoder(), stream) }
            try await SendingExamples.everyMessage(market, stream)
            try await SendingExamples.sequence(market, stream)
            missed.set(try await SendingExamples.deadline(Sample(6), stream))
            try await SendingExamples.stalled(Sample(7), stream, Logger(label: "x") { _ in SwiftLogNoOpLogHandler() })
            try await SendingExamples.newest(market, stream)
            try await SendingExamples.snapshots(market, stream)
            try SendingExamples.offer(Sample(8), market, stream)
            watcher.cancel()
            await watcher.value
        } test: { _, address in
            let peer = try SocketPeer(address)
            peer.call()
            try await until("the call ends", peer: peer) { peer[1].isOver }
            #expect(peer[1].messages?.map(\.sequence) == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7, 2, 8])
            #expect(missed.value == 0)
        }
    }
}
