// SPDX-License-Identifier: Apache-2.0

/// Opens its streams' windows as they are used and never the connection's.
///
/// A good server ends each stream at the stall deadline with `connection_window` as its cause, and holds no more than a
/// message for each.
public struct ConnectionWindowHogClient: ClientProfile {
    /// The profile's name.
    public static let name = "connectionWindowHog"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let concurrency: Int

    /// Makes a client with that many calls at once.
    ///
    /// Its connection's window is used up once, and then stays shut for all calls that follow.
    public init(_ call: ClientCall, concurrency: Int = 4, calls: Int? = nil, pause: Duration = .zero) {
        session = ClientSession(call, calls: calls ?? concurrency, pause: pause)
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
        guard case .frame(let header, _) = fact, header.kind == .data else { return }
        session.returnStreamCredit(header.stream, &client)
    }
}
