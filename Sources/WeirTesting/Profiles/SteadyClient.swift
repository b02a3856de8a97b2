// SPDX-License-Identifier: Apache-2.0

/// Reads everything at once and returns credit when half a window was used: what most clients do.
///
/// A good server gives it everything, in order, and its share of the server while others misbehave.
public struct SteadyClient: ClientProfile {
    /// The profile's name.
    public static let name = "steady"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let concurrency: Int

    /// Makes a client that calls that often, so many calls at once, and rests after each.
    public init(_ call: ClientCall, calls: Int = 1, pause: Duration = .zero, concurrency: Int = 1) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.concurrency = concurrency
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            for _ in 0..<concurrency { session.begin(&client) }
            return
        }
        _ = session.keepHouse(fact, &client)
        session.returnCreditEarly(fact, &client)
    }
}

extension ClientSession {
    /// After DATA, returns the credit of its stream and of the connection once half of their windows was used.
    mutating func returnCreditEarly(_ fact: ClientFact, _ client: inout ClientCommands) {
        guard case .frame(let header, _) = fact, header.kind == .data else { return }
        returnStreamCredit(header.stream, from: streamWindowBytes / 2, &client)
        returnConnectionCredit(from: connectionWindowBytes / 2, &client)
    }
}
