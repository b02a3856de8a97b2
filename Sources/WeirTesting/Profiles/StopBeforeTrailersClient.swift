// SPDX-License-Identifier: Apache-2.0

/// Takes the whole response but for its last bytes, so that the server's handler is done and its trailers wait.
///
/// A good server does not let go of its deadlines when the handler returns: what is left is ended like any stalled stream.
public struct StopBeforeTrailersClient: ClientProfile {
    /// The profile's name.
    public static let name = "stopBeforeTrailers"

    /// Its calls.
    public var session: ClientSession
    private let concurrency: Int

    /// Makes a client whose windows end that many bytes before the end of a response of that size, with so many calls at once.
    public init(_ call: ClientCall, responseBytes: Int, missingBytes: Int = 1, concurrency: Int = 1) {
        session = ClientSession(call, calls: concurrency)
        session.streamWindowBytes = min(Int(Int32.max), max(0, responseBytes - missingBytes))
        session.connectionWindowBytes = Int(Int32.max)
        self.concurrency = concurrency
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            for _ in 0..<concurrency { session.begin(&client) }
            return
        }
        _ = session.keepHouse(fact, &client)
        session.returnConnectionCredit(from: session.connectionWindowBytes / 2, &client)
    }
}
