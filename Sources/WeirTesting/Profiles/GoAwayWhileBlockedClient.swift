// SPDX-License-Identifier: Apache-2.0

/// Lets its streams fill up and sends GOAWAY while the server's senders are suspended.
///
/// GOAWAY from a client ends no stream that is open (RFC 9113 §6.8). A good server goes on with them when the client reads on,
/// ends them at the stall deadline when it does not, and closes the connection when the last one is over.
public struct GoAwayWhileBlockedClient: ClientProfile {
    /// The profile's name.
    public static let name = "goAwayWhileBlocked"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let waiting: Duration
    private let recoversAfter: Duration?
    private let concurrency: Int
    private var hasRecovered = false

    /// Makes a client that sends GOAWAY that long after it was connected, and reads on that long after it was connected; nil:
    /// it does not read on.
    public init(
        _ call: ClientCall, after waiting: Duration, recoversAfter: Duration? = nil, concurrency: Int = 1
    ) {
        session = ClientSession(call, calls: concurrency)
        self.waiting = waiting
        self.recoversAfter = recoversAfter
        self.concurrency = concurrency
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            for _ in 0..<concurrency { session.begin(&client) }
            client.setTimer(after: waiting, number: 0)
            if let recoversAfter { client.setTimer(after: recoversAfter, number: 1) }
        case .timer(0):
            // The client's GOAWAY names the last stream that the server began: none.
            client.send(RawFrame(kind: .goAway, payload: RawFrame.bigEndian(0) + RawFrame.bigEndian(0)))
        case .timer(1):
            hasRecovered = true
            for stream in session.streams { session.returnStreamCredit(stream.id, &client) }
        default:
            _ = session.keepHouse(fact, &client)
            session.returnConnectionCredit(&client)
            if hasRecovered { session.returnCreditEarly(fact, &client) }
        }
    }
}
