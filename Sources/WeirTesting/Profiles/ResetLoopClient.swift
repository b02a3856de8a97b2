// SPDX-License-Identifier: Apache-2.0

/// Calls, waits for the first bytes, resets the stream, and calls again.
///
/// A good server cancels each handler at once and frees what it held; when resets come faster than its limit it ends the
/// connection (CVE-2023-44487).
public struct ResetLoopClient: ClientProfile {
    /// The profile's name.
    public static let name = "resetLoop"

    /// Its calls.
    public var session: ClientSession

    /// Makes a client that makes and resets so many calls, one after the other, resting in between.
    public init(_ call: ClientCall, calls: Int, pause: Duration) {
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
        session.returnConnectionCredit(&client)
        guard case .frame(let header, _) = fact, header.kind == .data, session.stream(header.stream) != nil
        else { return }
        client.send(.reset(header.stream, code: 8))
        session.end(header.stream, &client)
    }
}
