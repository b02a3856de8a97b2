// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

/// One rule of a specification, a request that breaks it or goes to its edge, and what must come back.
struct RuleCase: Sendable, CustomTestStringConvertible {
    /// The rule, behind its source.
    let rule: String
    /// The request.
    let request: RawRequest
    /// What comes back on its stream.
    let outcome: Outcome
    /// How long it takes until that is certain.
    let time: Duration

    init(_ rule: String, _ request: RawRequest, _ outcome: Outcome, after time: Duration = .milliseconds(200)) {
        self.rule = rule
        self.request = request
        self.outcome = outcome
        self.time = time
    }

    var testDescription: String { rule }
}

/// A client with three streams: one that is under way before and after the case, the case's, and one that comes behind it.
private struct RuleClient: ClientProfile {
    static let name = "rule"
    static let sibling: Int32 = 1
    static let stream: Int32 = 3
    static let later: Int32 = 5

    let request: RawRequest
    let time: Duration
    private var session = ClientSession(ClientCall(path: ""), calls: 0)
    private let ask: [UInt8]

    init(_ request: RawRequest, time: Duration, ask: [UInt8]) {
        self.request = request
        self.time = time
        self.ask = ask
    }

    mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            client.send(RawRequest.call("FullDuplexCall", message: ask).open().bytes(stream: Self.sibling))
            client.setTimer(after: .milliseconds(100), number: 0)
            client.setTimer(after: .milliseconds(100) + time, number: 1)
        case .timer(0):
            client.send(request.bytes(stream: Self.stream))
        case .timer(1):
            client.send(.message(ask, stream: Self.sibling))
            client.send(RawRequest.call().bytes(stream: Self.later))
        default:
            _ = session.keepHouse(fact, &client)
        }
    }
}

extension RuleCase {
    /// Runs the case against the service of the interoperability cases: its outcome is exact, and the streams beside it and
    /// behind it are served as if nothing had been.
    func run() throws {
        let clock = VirtualClock()
        let simulation = try Simulation(clock: clock, services: [TestService(clock: clock)])
        var parameters = Grpc_Testing_ResponseParameters()
        parameters.size = 7
        var ask = Grpc_Testing_StreamingOutputCallRequest()
        ask.responseParameters = [parameters]
        let client = simulation.connect(
            RuleClient(request, time: time, ask: Array(try ask.serialized().readableBytesView)))
        try simulation.run(for: .milliseconds(300) + time)
        outcome.check(client.peer[RuleClient.stream], isOpen: !request.ends)
        #expect(client.understood)
        #expect(client.isConnected)
        #expect(client.peer.count(.goAway) == 0)
        Outcome.success(messages: 2).check(client.peer[RuleClient.sibling], isOpen: false)
        Outcome.success().check(client.peer[RuleClient.later], isOpen: false)
        #expect(simulation.server.snapshot.streams == 0)
        #expect(simulation.server.snapshot.heldBytes == 0)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(try simulation.shutDown())
    }
}
