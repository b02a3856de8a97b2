// SPDX-License-Identifier: Apache-2.0

/// Connects and sends the connection preface a byte at a time, never the last one; or says nothing at all.
///
/// A good server closes a connection that has not become one within its handshake deadline.
public struct SlowPrefaceClient: ClientProfile {
    /// The profile's name.
    public static let name = "slowPreface"

    private let interval: Duration?
    private var rest = RawFrame.preface[...]

    /// Makes a client that sends a byte in each interval; nil: none.
    public init(every interval: Duration?) {
        self.interval = interval
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            if let interval { client.setTimer(after: interval) }
        case .timer:
            guard let interval, rest.count > 1, let byte = rest.popFirst() else { return }
            client.send([byte])
            client.setTimer(after: interval)
        default:
            break
        }
    }
}
