// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirTesting

@testable import WeirSlowClients

/// Does what it is told at the beginning, and tells a list what it learns.
private struct Scripted: ClientProfile {
    static let name = "scripted"

    final class Log: @unchecked Sendable {
        // Confined to the test's thread, which is the loop's.
        var bytesRead: [Int] = []
        var frames = 0
        var timers: [Int] = []
        var isClosed = false
    }

    let log: Log
    var start: @Sendable (inout ClientCommands) -> Void
    var onTimer: @Sendable (Int, inout ClientCommands) -> Void = { _, _ in }

    mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected: start(&client)
        case .bytesRead(let count): log.bytesRead.append(count)
        case .frame: log.frames += 1
        case .timer(let number):
            log.timers.append(number)
            onTimer(number, &client)
        case .closed: log.isClosed = true
        }
    }
}

@Suite("The bench's raw client over a real socket", .timeLimit(.minutes(1)))
struct SocketClientTests {
    private let listener: Listener
    private let loop = SocketLoop()
    private let log = Scripted.Log()

    init() throws { listener = try Listener() }

    private func connect(
        receiveBufferBytes: Int? = nil, onTimer: @escaping @Sendable (Int, inout ClientCommands) -> Void = { _, _ in },
        _ start: @escaping @Sendable (inout ClientCommands) -> Void
    ) throws -> SocketClient {
        let profile = Scripted(log: log, start: start, onTimer: onTimer)
        let client = try SocketClient(
            BenchClient(profile, receiveBufferBytes: receiveBufferBytes), to: listener.address, on: loop)
        try listener.accept()
        return client
    }

    /// Lets the loop work until something holds.
    private func run(until condition: () -> Bool) throws {
        let end = loop.now + .seconds(20)
        while !condition() {
            try #require(loop.now < end)
            loop.turn(until: loop.now + .milliseconds(5))
        }
    }

    @Test("reads exactly as many bytes as its profile says, and no more")
    func exact() throws {
        let client = try connect { $0.read(atMost: 100) }
        try run { client.connectedAt != nil }
        listener.send([UInt8](repeating: 0, count: 5_000))
        try run { log.bytesRead.reduce(0, +) >= 100 }
        for _ in 0..<20 { loop.turn(until: loop.now + .milliseconds(1)) }
        #expect(log.bytesRead.reduce(0, +) == 100)
        client.end()
    }

    @Test("hands out frames, keeps their record, and tells of the end")
    func frames() throws {
        let client = try connect { $0.send(RawFrame.preface + RawFrame.settings().bytes) }
        try run { client.connectedAt != nil }
        listener.send(RawFrame.settings().bytes + RawFrame.ping().bytes)
        try run { log.frames == 2 }
        listener.shutAccepted()
        try run { log.isClosed }
        #expect(client.recorder.record.closedAt != nil)
        #expect(client.recorder.record.readBytes == 9 + 17)
        #expect(client.descriptor.number == -1)
    }

    @Test("sends what it is told, all of it, also when the kernel takes it in pieces")
    func sends() throws {
        let client = try connect { client in
            for _ in 0..<30 { client.send([UInt8](repeating: 5, count: 100_000)) }
        }
        var received = 0
        try run {
            received += listener.received()?.count ?? 0
            return received >= 3_000_000
        }
        #expect(received == 3_000_000)
        client.end()
        try run { listener.received() == nil }
    }

    @Test("who vanished takes nothing, acknowledges nothing and sends no FIN, and is back when it is asked to be")
    func vanish() throws {
        let client = try connect(onTimer: { _, client in client.vanish() }) { $0.setTimer(after: .milliseconds(1)) }
        try run { client.recorder.record.leftAt != nil }
        let frame = RawFrame.ping([1, 2, 3, 4, 5, 6, 7, 8], acknowledge: true).bytes
        #expect(listener.send(frame) == frame.count)
        // Acknowledged it would be in well below this, on loopback.
        for _ in 0..<30 { loop.turn(until: loop.now + .milliseconds(10)) }
        #expect(listener.unacknowledgedBytes == frame.count)
        #expect(listener.received() == [])
        #expect(client.serverClosed == nil && client.cannotSeeTheEnd)
        client.probe()
        try run { client.serverClosed == false }
        #expect(listener.received() == RawFrame.ping().bytes)
        client.end()
    }

    @Test("a server that has closed the connection of who vanished is found out")
    func vanishedAndClosed() throws {
        let client = try connect(onTimer: { _, client in client.vanish() }) { $0.setTimer(after: .milliseconds(1)) }
        try run { client.recorder.record.leftAt != nil }
        listener.shutAccepted()
        for _ in 0..<5 { loop.turn(until: loop.now + .milliseconds(10)) }
        #expect(client.serverClosed == nil)
        client.probe()
        try run { client.serverClosed == true }
    }

    @Test("what are no frames ends the connection, and the first bytes are kept for a look")
    func noFrames() throws {
        let client = try connect { _ in }
        try run { client.connectedAt != nil }
        listener.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        try run { log.isClosed }
        #expect(!client.recorder.record.isUnderstood)
        #expect(client.firstBytes.starts(with: Array("HTTP/1.1 400".utf8)))
    }

    @Test("nobody listens: the error is told, not thrown")
    func refused() throws {
        let address = listener.address
        listener.shut()
        let client = try SocketClient(
            BenchClient(Scripted(log: log, start: { _ in })), to: address, on: loop)
        try run { client.connectError != nil }
        #expect(client.descriptor.number == -1)
        #expect(!log.isClosed)
    }

    @Test("timers fire in their order, and those that belong to who is gone do not")
    func timers() throws {
        let client = try connect { client in
            client.setTimer(after: .milliseconds(20), number: 2)
            client.setTimer(after: .milliseconds(1), number: 1)
            client.setTimer(after: .seconds(5), number: 3)
        }
        try run { log.timers.count == 2 }
        #expect(log.timers == [1, 2])
        client.end()
    }
}
