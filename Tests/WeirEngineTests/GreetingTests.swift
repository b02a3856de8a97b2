// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirTesting

@Suite("ServerConnection: clients that do not speak HTTP/2")
struct GreetingTests {
    /// A connection whose output is kept as bytes.
    private func rig() throws -> ServerRig {
        let rig = try ServerRig()
        rig.socketIsOpen = false
        rig.pump()
        return rig
    }

    private func text(_ rig: ServerRig) -> String { String(decoding: rig.unsent, as: UTF8.self) }

    @Test("RFC 9113 §3.4: nothing is sent before the client's first bytes, and SETTINGS as soon as they are HTTP/2's")
    func silence() throws {
        let rig = try ServerRig()
        rig.pump()
        #expect(rig.peer.frames.isEmpty)
        rig.feed(Array(RawFrame.preface.prefix(3)))
        #expect(rig.peer.frames.isEmpty)
        rig.feed([RawFrame.preface[3]])
        #expect(rig.peer.frames.map(\.kind) == [.settings])
        rig.feed(Array(RawFrame.preface.dropFirst(4)) + RawFrame.settings().bytes)
        #expect(rig.peer.frames.map(\.kind) == [.settings, .settings])
        rig.feed(ServerRig.request("/test.Echo/None", stream: 1))
        #expect(rig.peer[1].status == "12")
    }

    @Test(
        "RFC 9110 §15.6.6: a request of HTTP/1 is answered 505 with a line for a person, and then closed",
        arguments: ["GET / HTTP/1.1", "POST /a/b HTTP/1.1", "PUT / HTTP/1.0", "PRIOR / HTTP/1.1", "OPTIONS * HTTP/1.1"])
    func olderHTTP(line: String) throws {
        let rig = try rig()
        rig.feed(Array("\(line)\r\nhost: a\r\n\r\n".utf8))
        let parts = text(rig).split(separator: "\r\n\r\n", maxSplits: 1)
        let head = try #require(parts.first)
        let body = try #require(parts.last)
        #expect(head.hasPrefix("HTTP/1.1 505 "))
        #expect(head.contains("content-length: \(body.utf8.count)"))
        #expect(head.contains("connection: close"))
        #expect(body.contains("gRPC"))
        #expect(rig.connectionRefusals.count == 1)
        #expect(rig.protocolErrors.isEmpty)
        // What it still sends is thrown away while it reads.
        let answered = rig.unsent.count
        rig.feed([UInt8](repeating: 0x61, count: 100_000))
        #expect(rig.unsent.count == answered)
        #expect(rig.closed == 0)
        rig.advance(by: .seconds(1))
        #expect(rig.closed == 1)
        #expect(rig.unsent.count == answered)
        #expect(rig.connection.nextDeadline == nil)
    }

    @Test("RFC 9110 §9.3.2: the answer to HEAD of HTTP/1.1 has no body")
    func head() throws {
        let rig = try rig()
        rig.feed(Array("HEAD / HTTP/1.1\r\n\r\n".utf8))
        #expect(text(rig).hasPrefix("HTTP/1.1 505 "))
        #expect(text(rig).hasSuffix("\r\n\r\n"))
    }

    @Test("a request line that comes byte by byte gets one answer, at its end")
    func byteByByte() throws {
        let rig = try rig()
        for byte in Array("POST / HTTP/1.1\r".utf8) { rig.feed([byte]) }
        #expect(rig.unsent.isEmpty)
        for byte in Array("\nhost: a\r\n\r\n".utf8) { rig.feed([byte]) }
        #expect(text(rig).components(of: "HTTP/1.1 505") == 1)
    }

    @Test(
        "RFC 8446 §5.1: TLS on a port without it is closed at once, without a byte, and told in the log",
        arguments: [1, 2, 5])
    func tls(split: Int) throws {
        let rig = try rig()
        let hello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]
        rig.feed(Array(hello.prefix(split)))
        rig.feed(Array(hello.dropFirst(split)))
        #expect(rig.unsent.isEmpty)
        #expect(rig.closed == 1)
        #expect(rig.connectionRefusals.count == 1)
        #expect(rig.connectionRefusals.first?.contains("TLS") == true)
    }

    @Test(
        "RFC 9113 §3.4: anything else is a connection error",
        arguments: [
            "INVALID CONNECTION PREFACE\r\n\r\n", "GET /\r\n", "GET / HTTP/2.0\r\n", "get / HTTP/1.1\r\n",
            " / HTTP/1.1\r\n",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n", "\u{16}\u{1}", "\0\0\0", "PRI * HTTP/1.1\r\n",
        ])
    func garbage(text: String) throws {
        let rig = try rig()
        rig.feed(Array(text.utf8))
        #expect(rig.closed == 1)
        #expect(rig.protocolErrors.count == 1)
        #expect(!self.text(rig).contains("505"))
    }

    @Test("a request line longer than 8 KiB is not waited for")
    func longLine() throws {
        let rig = try rig()
        rig.feed(Array(("GET /" + String(repeating: "a", count: 8 * 1024 - 6)).utf8))
        #expect(rig.closed == 0)
        rig.feed([0x61])
        #expect(rig.closed == 1)
    }

    @Test("a request line that does not end is under the handshake's deadline")
    func unfinishedLine() throws {
        let rig = try rig()
        rig.feed(Array("GET /".utf8))
        rig.advance(by: .seconds(10))
        #expect(rig.inputTimeouts.count == 1)
        #expect(rig.closed + rig.aborted == 1)
    }

    @Test("a drain does not wait for clients that said nothing, and does not speak HTTP/2 to those of HTTP/1.1")
    func drain() throws {
        let silent = try ServerRig()
        silent.connection.beginDrain(at: silent.now)
        silent.pump()
        #expect(silent.peer.frames.map(\.kind).contains(.goAway))
        let older = try rig()
        older.feed(Array("GET / HTTP/1.1\r\n".utf8))
        let answered = older.unsent.count
        older.connection.beginDrain(at: older.now)
        older.pump()
        #expect(older.unsent.count == answered)
        older.advance(by: .seconds(1))
        #expect(older.closed == 1)
    }
}

extension String {
    /// How often a text occurs in it.
    fileprivate func components(of text: String) -> Int {
        indices.reduce(0) { $0 + (self[$1...].hasPrefix(text) ? 1 : 0) }
    }
}
