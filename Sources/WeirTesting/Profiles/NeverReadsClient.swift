// SPDX-License-Identifier: Apache-2.0

/// Makes calls and never returns a byte of their streams' windows; the connection's window it returns.
///
/// A good server holds no more than a message a stream, and at the stall deadline ends each stream with a status that
/// names `stream_window`, through the closed window.
public struct NeverReadsClient: ClientProfile {
    /// The profile's name.
    public static let name = "neverReads"

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
        session.returnConnectionCredit(from: session.connectionWindowBytes / 2, &client)
    }
}
