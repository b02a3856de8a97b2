// SPDX-License-Identifier: Apache-2.0

/// Calls and resets at once, burst after burst, without waiting for anything (rapid reset, CVE-2023-44487).
///
/// A good server frees each call at its reset, and ends the connection when there are more of them than it likes.
public struct ResetStormClient: ClientProfile {
    /// The profile's name.
    public static let name = "resetStorm"

    /// Its calls.
    public var session: ClientSession
    private let burst: Int
    private let interval: Duration

    /// Bytes in the client's own hands above which it waits for its kernel.
    private static let mostUnsentBytes = 64 * 1024

    /// Makes a client that makes and resets `burst` calls in each interval, until it has made that many.
    public init(_ call: ClientCall, calls: Int, burst: Int = 50, every interval: Duration = .milliseconds(10)) {
        session = ClientSession(call, calls: calls)
        self.burst = burst
        self.interval = interval
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            client.setTimer(after: interval)
        case .timer(0):
            if client.unsentBytes <= Self.mostUnsentBytes {
                for _ in 0..<burst {
                    guard let id = session.begin(&client) else { return }
                    client.send(.reset(id, code: 8))
                    session.forget(id)
                }
            }
            client.setTimer(after: interval)
        default:
            _ = session.keepHouse(fact, &client)
            session.returnConnectionCredit(&client)
        }
    }
}
