// SPDX-License-Identifier: Apache-2.0

/// Uses up its window, then opens it by one byte at a time.
///
/// A good server answers neither each byte with a frame nor with work of its own (CVE-2019-9511, CVE-2019-9517): bytes wait
/// until they are worth a frame or for a short while. The stream lives, unless the server asks for a minimum rate.
public struct TrickleClient: ClientProfile {
    /// The profile's name.
    public static let name = "trickle"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let interval: Duration
    private let bytes: Int
    private var isTicking = false

    /// Makes a client that returns credit for `bytes` bytes in each interval.
    public init(
        _ call: ClientCall, every interval: Duration, bytes: Int = 1, calls: Int = 1, pause: Duration = .zero
    ) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.interval = interval
        self.bytes = bytes
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            session.begin(&client)
            return
        }
        if session.keepHouse(fact, &client) != nil { session.returnConnectionCredit(&client) }
        if case .timer(0) = fact {
            isTicking = false
            if let stream = session.streams.first { session.returnStreamCredit(stream.id, atMost: bytes, &client) }
            session.returnConnectionCredit(atMost: bytes, &client)
        }
        if !isTicking, session.streams.contains(where: { $0.unreturnedBytes > 0 }) {
            isTicking = true
            client.setTimer(after: interval)
        }
    }
}
