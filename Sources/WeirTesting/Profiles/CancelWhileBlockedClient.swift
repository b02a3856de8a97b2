// SPDX-License-Identifier: Apache-2.0

/// Lets its streams fill up, waits, and cancels them while the server's senders are suspended.
///
/// A good server cancels the handler at once, resumes its sender with an error once, and frees everything.
public struct CancelWhileBlockedClient: ClientProfile {
    /// The profile's name.
    public static let name = "cancelWhileBlocked"

    /// Its calls.
    public var session: ClientSession
    private let waiting: Duration
    /// The credit that goes ahead of each reset, in bytes.
    public static let creditBytes = 4 << 20
    private let concurrency: Int

    /// Makes a client that cancels each call that long after it began, with so many calls at once.
    public init(
        _ call: ClientCall, after waiting: Duration, calls: Int = 1, pause: Duration = .zero, concurrency: Int = 1
    ) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.waiting = waiting
        self.concurrency = concurrency
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            for _ in 0..<concurrency { begin(&client) }
            return
        }
        if case .timer(ClientSession.nextCallTimer) = fact {
            begin(&client)
            return
        }
        _ = session.keepHouse(fact, &client)
        session.returnConnectionCredit(&client)
        if case .timer(let number) = fact {
            let id = Int32(truncatingIfNeeded: number)
            guard session.stream(id) != nil else { return }
            // Credit goes ahead of the reset: a server that takes no notice of a reset shows by using it.
            client.send(.windowUpdate(Self.creditBytes, stream: id))
            client.send(.reset(id, code: 8))
            session.end(id, &client)
        }
    }

    private mutating func begin(_ client: inout ClientCommands) {
        guard let id = session.begin(&client) else { return }
        client.setTimer(after: waiting, number: Int(id))
    }
}
