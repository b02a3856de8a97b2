// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import WeirTesting

@Suite("The canary")
struct CanaryClientTests {
    private let meter = CanaryMeter()

    private func connected() -> CanaryClient {
        var canary = CanaryClient(ClientCall(path: "/a/B"), meter: meter)
        _ = commands(&canary, .connected)
        return canary
    }

    private func commands(
        _ canary: inout CanaryClient, _ fact: ClientFact, at now: Duration = .zero
    ) -> [ClientCommand] {
        var client = ClientCommands(now: now)
        canary.handle(fact, &client)
        return client.commands
    }

    /// The fact of a GOAWAY with this last stream and code.
    private func goAway(last: UInt32, code: UInt32) -> ClientFact {
        var payload = ByteBuffer()
        payload.writeInteger(last)
        payload.writeInteger(code)
        return .frame(FrameReader.Header(kind: .goAway, flags: 0, stream: 0, length: 8), payload: payload)
    }

    @Test("a server that sends it away without an error has not failed it")
    func sentAway() {
        var canary = connected()
        // The steady stream is 1, the first call 3: the server will not answer that one any more.
        _ = commands(&canary, goAway(last: 1, code: 0))
        #expect(commands(&canary, .timer(0), at: .milliseconds(100)).contains(.close))
        #expect(meter.take().failures == 0)
    }

    @Test("a call that the server still answers is waited for")
    func answersStill() {
        var canary = connected()
        _ = commands(&canary, goAway(last: 3, code: 0))
        #expect(!commands(&canary, .timer(0), at: .milliseconds(100)).contains(.close))
        let data = FrameReader.Header(kind: .data, flags: 1, stream: 3, length: 5)
        _ = commands(&canary, .frame(data, payload: ByteBuffer(repeating: 0, count: 5)), at: .milliseconds(150))
        #expect(commands(&canary, .timer(0), at: .milliseconds(200)).contains(.close))
        let seen = meter.take()
        #expect(seen.failures == 0 && seen.latencies.count == 1)
    }

    @Test("a connection that ends with an error is a failure")
    func thrownOut() {
        var canary = connected()
        _ = commands(&canary, goAway(last: 3, code: 11))
        #expect(!commands(&canary, .timer(0), at: .milliseconds(100)).contains(.close))
        _ = commands(&canary, .closed, at: .milliseconds(200))
        #expect(meter.take().failures == 1)
    }

    @Test("frames that follow one another become one thing to send")
    func oneSend() {
        var client = ClientCommands(now: .zero)
        client.send([1])
        client.send([2, 3])
        client.read(atMost: 7)
        client.send([4])
        #expect(client.commands == [.send([1, 2, 3]), .read(atMost: 7), .send([4])])
    }
}
