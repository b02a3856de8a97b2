// SPDX-License-Identifier: Apache-2.0

/// Many streams that take nothing for a while, then all at once everything.
///
/// While they are idle a good server holds next to nothing for each; when all can send at the same moment they take turns, and
/// others do not wait for them.
public struct IdleSubscribersClient: ClientProfile {
    /// The profile's name.
    public static let name = "idleSubscribers"

    /// Its calls; the windows are those after the idle time.
    public var session: ClientSession
    private let idle: Duration
    private let burst: Duration
    private let concurrency: Int
    private var isIdle = true

    /// Makes a client with so many streams that are idle that long, and read that long before the client closes.
    public init(_ call: ClientCall, concurrency: Int, idle: Duration, burst: Duration) {
        session = ClientSession(call, calls: concurrency)
        self.idle = idle
        self.burst = burst
        self.concurrency = concurrency
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            var shut = session
            shut.streamWindowBytes = 0
            shut.open(&client)
            for _ in 0..<concurrency { session.begin(&client) }
            client.setTimer(after: idle, number: 0)
            client.setTimer(after: idle + burst, number: 1)
        case .timer(0):
            isIdle = false
            client.send(.initialWindow(session.streamWindowBytes))
        case .timer(1):
            client.close()
        default:
            _ = session.keepHouse(fact, &client)
            if !isIdle { session.returnCreditEarly(fact, &client) }
        }
    }
}
