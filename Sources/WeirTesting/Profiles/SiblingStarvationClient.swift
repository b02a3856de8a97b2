// SPDX-License-Identifier: Apache-2.0

/// One stream of a connection stops reading; its siblings read everything, and the connection's credit is returned for what
/// they take only.
///
/// So do clients that return credit when the application takes a message. A good server does not let the stopped stream use
/// up the connection's window: its siblings keep their rate.
public struct SiblingStarvationClient: ClientProfile {
    /// The profile's name.
    public static let name = "siblingStarvation"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let siblings: Int
    /// Bytes that siblings received and for which no connection credit was returned.
    private var takenBytes = 0

    /// The stream that stops.
    public static let stoppedStream: Int32 = 1

    /// Makes a client with one stream that stops, and that many at once that do not.
    ///
    /// A sibling whose response ends is followed by another after the pause, until `calls` calls were made.
    public init(_ call: ClientCall, siblings: Int, calls: Int? = nil, pause: Duration = .zero) {
        session = ClientSession(call, calls: calls ?? siblings + 1, pause: pause)
        self.siblings = siblings
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            for _ in 0...siblings { session.begin(&client) }
            return
        }
        _ = session.keepHouse(fact, &client)
        guard case .frame(let header, _) = fact, header.kind == .data, header.stream != Self.stoppedStream else {
            return
        }
        session.returnStreamCredit(header.stream, from: session.streamWindowBytes / 4, &client)
        takenBytes += header.length
        // The stopped stream may hold most of the window: what is left must not wait for half of the whole.
        guard takenBytes >= 1_024 || header.endsStream else { return }
        session.returnConnectionCredit(atMost: takenBytes, &client)
        takenBytes = 0
    }
}
