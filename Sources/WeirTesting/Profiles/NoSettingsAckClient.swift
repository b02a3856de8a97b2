// SPDX-License-Identifier: Apache-2.0

/// Never acknowledges the server's SETTINGS, and reads steadily, a window in each tenth of a second.
///
/// A good server does not wait for ever: it ends the connection with SETTINGS_TIMEOUT (RFC 9113 §6.5.3).
public struct NoSettingsAckClient: ClientProfile {
    /// The profile's name.
    public static let name = "noSettingsAck"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private var isTicking = false

    private static let interval = Duration.milliseconds(100)

    /// Makes a client that calls that often and rests after each call.
    public init(_ call: ClientCall, calls: Int = 1, pause: Duration = .zero) {
        session = ClientSession(call, calls: calls, pause: pause)
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            session.begin(&client)
        case .frame(let header, _) where header.kind == .settings:
            break
        case .timer(0):
            isTicking = false
            for stream in session.streams { session.returnStreamCredit(stream.id, &client) }
            session.returnConnectionCredit(&client)
        default:
            _ = session.keepHouse(fact, &client)
        }
        if !isTicking, session.unreturnedBytes > 0 {
            isTicking = true
            client.setTimer(after: Self.interval)
        }
    }
}
