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

    /// Makes a client that reads that many bytes from its socket, with so many calls at once.
    public init(_ call: ClientCall, afterBytes: Int = 0, concurrency: Int = 1) {
        session = ClientSession(call, calls: concurrency)
        session.streamWindowBytes = Int(Int32.max)
        session.connectionWindowBytes = Int(Int32.max)
        self.afterBytes = afterBytes
        self.concurrency = concurrency
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            for _ in 0..<concurrency { session.begin(&client) }
            client.read(atMost: afterBytes)
            return
        }
        _ = session.keepHouse(fact, &client)
    }
}
