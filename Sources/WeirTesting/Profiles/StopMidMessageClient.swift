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
    private var grantedBytes = 0

    /// Makes a client whose window ends for good behind that many bytes of DATA.
    public init(_ call: ClientCall, afterBytes: Int, calls: Int = 1, pause: Duration = .zero) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.afterBytes = max(1, afterBytes)
        session.streamWindowBytes = min(65_535, self.afterBytes)
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            session.begin(&client)
            return
        }
        if session.keepHouse(fact, &client) != nil { grantedBytes = 0 }
        session.returnConnectionCredit(&client)
        guard case .frame(let header, _) = fact, header.kind == .data, let stream = session.stream(header.stream)
        else { return }
        let more = min(stream.unreturnedBytes, afterBytes - session.streamWindowBytes - grantedBytes)
        guard more > 0 else { return }
        grantedBytes += more
        session.returnStreamCredit(stream.id, atMost: more, &client)
    }
}
