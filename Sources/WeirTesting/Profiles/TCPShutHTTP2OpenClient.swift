// SPDX-License-Identifier: Apache-2.0

/// Opens its HTTP/2 windows as far as they go, then takes nothing from the socket any more.
///
/// A good server does not take the open windows for a reader (CVE-2019-9517): what it holds for the connection is bounded,
/// and when the socket has taken nothing for the stall deadline it closes the connection, for nothing else would free it.
public struct TCPShutHTTP2OpenClient: ClientProfile {
    /// The profile's name.
    public static let name = "tcpShutHTTP2Open"

    /// Its calls.
    public var session: ClientSession
    private let afterBytes: Int
    private let concurrency: Int
    private let knocking: Duration?

    /// Makes a client that reads that many bytes from its socket once the handshake is done, with so many calls at once.
    ///
    /// One that is `knocking` sends a frame that says nothing now and then: a closed connection answers it with a reset, and
    /// else a client that does not read would not learn of the end.
    public init(_ call: ClientCall, afterBytes: Int = 0, concurrency: Int = 1, knocking: Duration? = nil) {
        session = ClientSession(call, calls: concurrency)
        session.streamWindowBytes = Int(Int32.max)
        session.connectionWindowBytes = Int(Int32.max)
        self.afterBytes = afterBytes
        self.concurrency = concurrency
        self.knocking = knocking
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            return
        }
        if case .timer(0) = fact, let knocking {
            client.send(RawFrame.unknownFrame)
            client.setTimer(after: knocking)
        }
        _ = session.keepHouse(fact, &client)
        if session.completesHandshake(fact), session.callsBegun == 0 {
            for _ in 0..<concurrency { session.begin(&client) }
            client.read(atMost: afterBytes)
            if let knocking { client.setTimer(after: knocking) }
        }
    }
}
