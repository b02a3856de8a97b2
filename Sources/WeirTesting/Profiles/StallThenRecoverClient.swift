// SPDX-License-Identifier: Apache-2.0

/// Stops reading for a while, then takes everything and reads on.
///
/// With a pause just below the stall deadline a good server keeps the stream and loses nothing; just above, it has ended it.
/// "Just" must be more than the time to the server and back.
public struct StallThenRecoverClient: ClientProfile {
    /// The profile's name.
    public static let name = "stallThenRecover"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let stall: Duration
    private let stallsPerCall: Int
    private var stalls = 0
    private var lastDataAt = Duration.zero
    private var isWatching = false

    /// Makes a client that stops that long, counted from the last byte that came, so many times in each call.
    public init(
        _ call: ClientCall, stall: Duration, stallsPerCall: Int = 1, calls: Int = 1, pause: Duration = .zero
    ) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.stall = stall
        self.stallsPerCall = stallsPerCall
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            session.begin(&client)
            return
        }
        if session.keepHouse(fact, &client) != nil {
            stalls = 0
            session.returnConnectionCredit(&client)
        }
        switch fact {
        case .frame(let header, _) where header.kind == .data:
            lastDataAt = client.now
            if stalls >= stallsPerCall { session.returnCreditEarly(fact, &client) }
        case .timer(0):
            isWatching = false
            if client.now - lastDataAt >= stall { recover(&client) }
        default:
            break
        }
        if !isWatching, stalls < stallsPerCall, session.streams.contains(where: { $0.unreturnedBytes > 0 }) {
            isWatching = true
            client.setTimer(after: max(.zero, lastDataAt + stall - client.now))
        }
    }

    private mutating func recover(_ client: inout ClientCommands) {
        stalls += 1
        for stream in session.streams { session.returnStreamCredit(stream.id, &client) }
        session.returnConnectionCredit(&client)
    }
}
