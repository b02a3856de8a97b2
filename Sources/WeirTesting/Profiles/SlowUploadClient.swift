// SPDX-License-Identifier: Apache-2.0

/// Sends its request's fields at once, then the message a byte at a time, and never all of it.
///
/// A good server gives up on a request that takes too long, with a status that says so, and holds no more than what came.
public struct SlowUploadClient: ClientProfile {
    /// The profile's name.
    public static let name = "slowUpload"

    /// Its calls.
    public var session: ClientSession
    private let interval: Duration
    private let messageBytes: Int
    private let concurrency: Int
    private var sentBytes = 0

    /// Makes a client that announces a message of that size and sends a byte of it in each interval, on so many streams.
    public init(_ call: ClientCall, every interval: Duration, messageBytes: Int = 1_024, concurrency: Int = 1) {
        session = ClientSession(call, calls: concurrency)
        self.interval = interval
        self.messageBytes = max(2, messageBytes)
        self.concurrency = concurrency
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            let prefix = [0] + RawFrame.bigEndian(UInt32(clamping: messageBytes))
            for _ in 0..<concurrency {
                guard let id = session.beginHead(&client) else { continue }
                client.send(.data(prefix, stream: id))
            }
            client.setTimer(after: interval)
        case .timer(0):
            guard sentBytes < messageBytes - 1 else { return }
            sentBytes += 1
            for stream in session.streams { client.send(.data([0], stream: stream.id)) }
            client.setTimer(after: interval)
        default:
            _ = session.keepHouse(fact, &client)
        }
    }
}
