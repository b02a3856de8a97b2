// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import WeirTesting

@Suite("Link")
struct LinkTests {
    private let clock = VirtualClock()
    private let events: EventQueue
    private var configuration = LinkConfiguration(latency: .milliseconds(10), bytesPerSecond: 1_000_000)

    init() {
        events = EventQueue(clock: clock)
    }

    private func advance(to milliseconds: Double) {
        let end = Int64(milliseconds * 1e6)
        while let next = events.earliest, next <= end {
            clock.advance(to: next)
            while let action = events.popDue(at: next) { action() }
        }
        clock.advance(to: end)
    }

    private func bytes(_ count: Int, from first: Int = 0) -> ByteBuffer {
        ByteBuffer(bytes: (first..<(first + count)).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test("bytes take their time on the wire and the latency, and come as they were")
    func timing() {
        let link = Link(configuration, events: events)
        var sent = bytes(1_000)
        link.server.write(&sent)
        #expect(sent.readableBytes == 0)
        // 1,000 bytes at 1 MB/s take 1 ms, then 10 ms to the other end.
        advance(to: 10.999)
        #expect(link.client.readableBytes == 0)
        advance(to: 11)
        #expect(link.client.read(atMost: .max) == bytes(1_000))
        #expect(link.client.read(atMost: .max) == nil)
    }

    @Test("the bandwidth holds over many segments")
    mutating func bandwidth() {
        configuration.toClient.sendBufferBytes = 1 << 20
        configuration.toClient.notSentLowWatermarkBytes = 1 << 20
        configuration.toClient.receiveBufferBytes = 1 << 20
        let link = Link(configuration, events: events)
        var sent = bytes(500_000)
        link.server.write(&sent)
        advance(to: 509)
        #expect(link.client.readableBytes < 500_000)
        advance(to: 510)
        #expect(link.client.read(atMost: .max) == bytes(500_000))
    }

    @Test("a client that does not read fills its own kernel, then the server's, which then takes nothing")
    mutating func fills() {
        configuration.toClient.receiveBufferBytes = 10_000
        configuration.toClient.notSentLowWatermarkBytes = 5_000
        let link = Link(configuration, events: events)
        var writable = 0
        link.server.onWritable = { writable += 1 }
        var sent = bytes(100_000)
        for _ in 0..<10 {
            link.server.write(&sent)
            advance(to: Double(clock.now.nanoseconds) / 1e6 + 100)
        }
        #expect(100_000 - sent.readableBytes == 15_000)
        #expect(link.client.readableBytes == 10_000)
        #expect(!link.server.isWritable)
        #expect(writable >= 1)
        let before = writable
        advance(to: 60_000)
        #expect(writable == before)
        // Reading makes room here, which the other end learns of after the latency, and then its kernel sends.
        _ = link.client.read(atMost: 4_000)
        advance(to: 60_100)
        #expect(link.client.readableBytes == 10_000)
        #expect(writable == before + 1)
        #expect(link.server.unsentBytes == 1_000)
    }

    @Test("room is announced by the segment, not by the byte, and never lost")
    mutating func announcements() {
        configuration.toClient.receiveBufferBytes = 10_000
        let link = Link(configuration, events: events)
        var sent = bytes(30_000)
        link.server.write(&sent)
        advance(to: 100)
        for _ in 0..<1_459 { _ = link.client.read(atMost: 1) }
        advance(to: 200)
        #expect(link.client.readableBytes == 10_000 - 1_459)
        var received = 1_459
        for round in 0..<400 {
            received += link.client.read(atMost: 100)?.readableBytes ?? 0
            advance(to: Double(300 + 100 * round))
        }
        #expect(received == 30_000)
    }

    @Test("half-close: the end comes behind the last byte, and the other direction goes on")
    func halfClose() {
        let link = Link(configuration, events: events)
        var sent = bytes(2_000)
        link.client.write(&sent)
        link.client.endSending()
        advance(to: 100)
        #expect(link.server.readableBytes == 2_000)
        #expect(!link.server.isAtEnd)
        _ = link.server.read(atMost: .max)
        #expect(link.server.isAtEnd)
        var answer = bytes(10)
        link.server.write(&answer)
        advance(to: 200)
        #expect(link.client.read(atMost: .max) == bytes(10))
    }

    @Test("a socket that was closed answers bytes with a reset, once")
    func resetAfterClose() {
        let link = Link(configuration, events: events)
        var resets = 0
        link.server.onReset = { resets += 1 }
        link.client.close()
        var sent = bytes(10)
        link.server.write(&sent)
        advance(to: 100)
        #expect(resets == 1)
        #expect(link.server.isClosed)
    }

    @Test("after a machine has vanished nothing comes and nobody is told; the server's kernel fills up")
    func vanished() {
        let link = Link(configuration, events: events)
        var told = 0
        link.server.onReadable = { told += 1 }
        link.server.onReset = { told += 1 }
        var sent = bytes(1_000)
        link.client.write(&sent)
        link.client.vanish()
        var answer = bytes(400_000)
        for _ in 0..<10 {
            link.server.write(&answer)
            advance(to: Double(clock.now.nanoseconds) / 1e6 + 1_000)
        }
        #expect(told == 0)
        #expect(!link.server.isWritable)
        #expect(answer.readableBytes == 400_000 - 128 * 1024)
    }
}
