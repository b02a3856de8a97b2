// SPDX-License-Identifier: Apache-2.0

/// Sends its whole request but does not end its side of the stream, and takes no more than a window of the response.
///
/// Whether the client's side is open says nothing about whether it reads: a good server ends the stream at the stall deadline
/// as it does after a half-close. A half-close that comes late is no progress.
public struct HalfCloseClient: ClientProfile {
    /// The profile's name.
    public static let name = "halfClose"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let halfClosesAfter: Duration?

    /// Makes a client that ends its side of each stream that long after the request; nil: never.
    public init(
        _ call: ClientCall, after halfClosesAfter: Duration? = nil, calls: Int = 1, pause: Duration = .zero
    ) {
        session = ClientSession(call, calls: calls, pause: pause)
        session.endsRequests = false
        self.halfClosesAfter = halfClosesAfter
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            begin(&client)
        case .timer(ClientSession.nextCallTimer):
            begin(&client)
        case .timer(let number):
            let id = Int32(truncatingIfNeeded: number)
            if session.stream(id) != nil { client.send(.data([], stream: id, ends: true)) }
        default:
            _ = session.keepHouse(fact, &client)
            session.returnConnectionCredit(&client)
        }
    }

    private mutating func begin(_ client: inout ClientCommands) {
        guard let id = session.begin(&client), let halfClosesAfter else { return }
        client.setTimer(after: halfClosesAfter, number: Int(id))
    }
}
