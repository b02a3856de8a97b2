// SPDX-License-Identifier: Apache-2.0

/// Begins a request's HEADERS and sends it a byte at a time, never the last one.
///
/// A good server gives up on a frame, and on a field block, that takes too long; it holds no more than that block meanwhile.
public struct SlowHeadersClient: ClientProfile {
    /// The profile's name.
    public static let name = "slowHeaders"

    /// Its call.
    public var session: ClientSession
    private let interval: Duration
    private let splits: Bool
    private var rest: ArraySlice<UInt8> = []

    /// Makes a client that sends a byte in each interval.
    ///
    /// One that `splits` sends each byte of the field block in a whole frame: HEADERS, then CONTINUATION without end (RFC 9113 §6.10).
    public init(_ call: ClientCall, every interval: Duration, splits: Bool = false) {
        session = ClientSession(call)
        self.interval = interval
        self.splits = splits
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
        case .frame where session.completesHandshake(fact) && rest.isEmpty:
            _ = session.keepHouse(fact, &client)
            let head = session.call.head(stream: 1)
            rest = (splits ? head.payload : head.bytes)[...]
            if splits { client.send(RawFrame(kind: .headers, stream: 1)) }
            client.setTimer(after: interval)
        case .timer:
            guard rest.count > 1, let byte = rest.popFirst() else { return }
            client.send(splits ? RawFrame(kind: .continuation, stream: 1, payload: [byte]).bytes : [byte])
            client.setTimer(after: interval)
        default:
            // Nothing may stand inside a frame, nor between HEADERS and its CONTINUATION: not even an acknowledgement.
            break
        }
    }
}
