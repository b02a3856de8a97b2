// SPDX-License-Identifier: Apache-2.0

/// Reads up to a byte in the middle of a message, and no further.
///
/// Until then it returns credit at once. A good server that has seen credit come while the window was half open does not start
/// a message that the window cannot finish: it ends the stream at the stall deadline, and the client holds only whole
/// messages. A message larger than any window is the exception.
public struct StopMidMessageClient: ClientProfile {
    /// The profile's name.
    public static let name = "stopMidMessage"

    /// Its calls.
    public var session: ClientSession
    private let afterBytes: Int
    private let refillsAhead: Bool
    private var grantedBytes = 0

    /// Makes a client whose window ends for good behind that many bytes of DATA.
    ///
    /// One that `refillsAhead` begins with a part of the window and returns the rest of it with the request, so that every server
    /// sees credit come while the window is open.
    public init(
        _ call: ClientCall, afterBytes: Int, refillsAhead: Bool = false, calls: Int = 1, pause: Duration = .zero
    ) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.afterBytes = max(1, afterBytes)
        self.refillsAhead = refillsAhead
        session.streamWindowBytes = min(65_535, refillsAhead ? (self.afterBytes + 1) / 2 : self.afterBytes)
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            begin(&client)
            return
        }
        if case .timer(ClientSession.nextCallTimer) = fact {
            begin(&client)
        } else if session.keepHouse(fact, &client) != nil {
            grantedBytes = 0
        }
        session.returnConnectionCredit(&client)
        guard case .frame(let header, _) = fact, header.kind == .data, let stream = session.stream(header.stream)
        else { return }
        let more = min(stream.unreturnedBytes, afterBytes - session.streamWindowBytes - grantedBytes)
        guard more > 0 else { return }
        grantedBytes += more
        session.returnStreamCredit(stream.id, atMost: more, &client)
    }

    private mutating func begin(_ client: inout ClientCommands) {
        guard let id = session.begin(&client), refillsAhead else { return }
        grantedBytes = min(session.streamWindowBytes, afterBytes - session.streamWindowBytes)
        if grantedBytes > 0 { client.send(.windowUpdate(grantedBytes, stream: id)) }
    }
}
