// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirHTTP2
import WeirTesting

@Suite("HTTP2Session: receive credit without an engine")
struct SessionReceiveTests {
    private let now = MonotonicInstant(nanoseconds: 0)

    private func session(_ budget: ProcessReceiveBudget) throws -> HTTP2Session {
        let send = ConnectionSendBudget(limitBytes: 1 << 20, process: ProcessSendBudget(limitBytes: 1 << 20))
        let receive = ConnectionReceiveBudget(heldLimitBytes: 1 << 20, process: budget)
        let session = try HTTP2Session(
            settings: HTTP2Settings(), flow: SendFlowController(limits: .init(), budget: send),
            receiving: ReceiveFlowController(targetWindowBytes: 65_535, budget: receive))
        #expect(session.openReceiveWindow())
        return session
    }

    private func feed(_ session: HTTP2Session, _ frames: [RawFrame], preface: Bool = false) throws {
        let bytes = (preface ? RawFrame.preface : []) + frames.flatMap(\.bytes)
        try session.receive(ByteBuffer(bytes: bytes), at: now)
        session.settleReceiving()
    }

    private func open(_ budget: ProcessReceiveBudget) throws -> (HTTP2Session, HTTP2Stream) {
        let session = try session(budget)
        let fields = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "test")]
        try feed(
            session,
            [
                .settings(), .headers(fields, stream: 1),
                .data([UInt8](repeating: 1, count: 10_000), stream: 1, padding: 7),
            ], preface: true)
        return (session, try #require(session.streams[1]))
    }

    @Test("a stream that closes holds nothing from that moment on, before anybody acts on it")
    func closed() throws {
        let budget = ProcessReceiveBudget(limitBytes: 1 << 20)
        let (session, stream) = try open(budget)
        #expect(session.receiving.heldBytes == 10_000)
        #expect(stream.inbound?.readableBytes == 10_000)
        try feed(session, [.data([1, 2, 3], stream: 1), .reset(1, code: 8)])
        #expect(session.receiving.heldBytes == 0)
        #expect(session.receiving.owedBytes == 0)
        #expect(stream.inbound == nil)
        #expect(budget.takenBytes == 65_535)
        session.requestTaken(10_000, on: stream)
        session.requestWanted(on: stream)
        #expect(session.receiving.heldBytes == 0)
        #expect(session.libraryReceiveWindow().unreturnedBytes == 10_011)
    }

    @Test("DATA of a stream that is closed is not held, and its credit goes back")
    func late() throws {
        let budget = ProcessReceiveBudget(limitBytes: 1 << 20)
        let (session, _) = try open(budget)
        try feed(session, [.reset(1, code: 8)])
        for _ in 0..<10 { try feed(session, [.data([UInt8](repeating: 1, count: 10_000), stream: 1)]) }
        #expect(session.receiving.heldBytes == 0)
        #expect(budget.takenBytes == 65_535)
        let library = session.libraryReceiveWindow()
        #expect(library.windowBytes == 65_535)
        #expect(library.unreturnedBytes < 32_767)
    }
}
