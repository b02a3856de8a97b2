// SPDX-License-Identifier: Apache-2.0

/// Is gone without a word once it has received so many bytes: its machine lost power, or its network.
///
/// A good server notices that nothing moves any more and ends the stream at the stall deadline, whether the window or the
/// socket is what is shut, and frees what it held.
public struct VanishClient: ClientProfile {
    /// The profile's name.
    public static let name = "vanish"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let afterBytes: Int
    private var receivedBytes = 0

    /// Makes a client that vanishes once it has read that many bytes from its socket.
    public init(_ call: ClientCall, afterBytes: Int) {
        session = ClientSession(call)
        self.afterBytes = afterBytes
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            session.begin(&client)
        case .bytesRead(let count):
            receivedBytes += count
            if receivedBytes >= afterBytes { client.vanish() }
        default:
            _ = session.keepHouse(fact, &client)
            session.returnCreditEarly(fact, &client)
        }
    }
}
