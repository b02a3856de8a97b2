// SPDX-License-Identifier: Apache-2.0

/// Returns credit only when a window was used up to its last byte.
///
/// A good server does not wait for ever for room for a whole message: after a short hold-back it uses the window's rest,
/// sends the message in parts, and loses nothing.
public struct UpdateAtExhaustionClient: ClientProfile {
    /// The profile's name.
    public static let name = "updateAtExhaustion"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession

    /// Makes a client that calls that often and rests after each call.
    public init(_ call: ClientCall, calls: Int = 1, pause: Duration = .zero) {
        session = ClientSession(call, calls: calls, pause: pause)
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            session.begin(&client)
            return
        }
        _ = session.keepHouse(fact, &client)
        guard case .frame(let header, _) = fact, header.kind == .data else { return }
        session.returnStreamCredit(header.stream, from: session.streamWindowBytes, &client)
        session.returnConnectionCredit(from: session.connectionWindowBytes, &client)
    }
}
