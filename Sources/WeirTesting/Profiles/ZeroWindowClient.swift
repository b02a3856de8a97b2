// SPDX-License-Identifier: Apache-2.0

/// Closes its streams' windows through SETTINGS: from the start, or after so many bytes.
///
/// A good server sends the response's fields, which are not flow-controlled, holds one message, and ends the stream at the
/// stall deadline with `stream_window` as its cause.
public struct ZeroWindowClient: ClientProfile {
    /// The profile's name.
    public static let name = "zeroWindow"

    /// Its calls.
    public var session: ClientSession
    private let afterBytes: Int?
    private let concurrency: Int
    private var isShut = false

    /// Makes a client that shuts its windows once a stream has received that many bytes; nil: from the start.
    ///
    /// It makes so many calls at once, and that many in all.
    public init(
        _ call: ClientCall, afterBytes: Int? = nil, calls: Int = 1, pause: Duration = .zero, concurrency: Int = 1
    ) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.afterBytes = afterBytes
        self.concurrency = concurrency
        if afterBytes == nil { session.streamWindowBytes = 0 }
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            for _ in 0..<concurrency { session.begin(&client) }
            return
        }
        if session.keepHouse(fact, &client) != nil, let afterBytes, afterBytes > 0, isShut {
            // The next call is to receive as much before the window is shut.
            isShut = false
            client.send(.initialWindow(session.streamWindowBytes))
        }
        session.returnConnectionCredit(&client)
        guard let afterBytes, !isShut else { return }
        for stream in session.streams where stream.receivedBytes >= afterBytes {
            isShut = true
            client.send(.initialWindow(0))
            return
        }
        session.returnCreditEarly(fact, &client)
    }
}
