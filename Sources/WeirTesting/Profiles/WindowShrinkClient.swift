// SPDX-License-Identifier: Apache-2.0

/// Makes its streams' windows smaller than what they have carried already, so that they become negative (RFC 9113 §6.9.2).
///
/// A good server sends nothing until a window is above zero again, exactly what it then allows after that, and ends the
/// stream at the stall deadline if that does not come.
public struct WindowShrinkClient: ClientProfile {
    /// The profile's name.
    public static let name = "windowShrink"

    /// Its calls.
    public var session: ClientSession
    private let afterBytes: Int
    private let reopensAfter: Duration?
    private var isShrunk = false
    private var hasReopened = false

    /// The window that it shrinks to, in bytes.
    public static let shrunkWindowBytes = 1024

    /// Makes a client that shrinks its windows once a stream has received that many bytes, and opens them again after a
    /// while; nil: never.
    public init(_ call: ClientCall, afterBytes: Int = 30_000, reopensAfter: Duration? = nil) {
        session = ClientSession(call)
        self.afterBytes = afterBytes
        self.reopensAfter = reopensAfter
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            session.begin(&client)
            return
        }
        _ = session.keepHouse(fact, &client)
        session.returnConnectionCredit(&client)
        if !isShrunk, session.streams.contains(where: { $0.receivedBytes >= afterBytes }) {
            isShrunk = true
            client.send(.initialWindow(Self.shrunkWindowBytes))
            if let reopensAfter { client.setTimer(after: reopensAfter) }
        } else if case .timer(0) = fact, !hasReopened {
            hasReopened = true
            client.send(.initialWindow(session.streamWindowBytes))
            for stream in session.streams { session.returnStreamCredit(stream.id, &client) }
        } else if hasReopened {
            session.returnCreditEarly(fact, &client)
        }
    }
}
