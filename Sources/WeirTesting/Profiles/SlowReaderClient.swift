// SPDX-License-Identifier: Apache-2.0

/// Takes so many bytes a second, evenly, and returns credit when half a window was taken.
///
/// A good server keeps it as long as it returns credit once in each stall deadline (half a window a deadline), holds no
/// more for it than for a fast one, and loses nothing.
public struct SlowReaderClient: ClientProfile {
    /// The profile's name.
    public static let name = "slowReader"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let bytesPerSecond: Int
    private let tick: Duration
    /// Bytes taken for which no credit was returned.
    private var takenBytes = 0
    private var isTicking = false

    /// Makes a client that takes that many bytes a second, a part of them each `tick`.
    public init(
        _ call: ClientCall, bytesPerSecond: Int, tick: Duration = .seconds(1), calls: Int = 1, pause: Duration = .zero
    ) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.bytesPerSecond = bytesPerSecond
        self.tick = tick
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            session.begin(&client)
            return
        }
        if session.keepHouse(fact, &client) != nil {
            takenBytes = 0
            session.returnConnectionCredit(&client)
        }
        switch fact {
        case .timer(0):
            isTicking = false
            take(&client)
        default:
            break
        }
        if !isTicking, session.streams.contains(where: { $0.unreturnedBytes > 0 }) {
            isTicking = true
            client.setTimer(after: tick)
        }
    }

    private mutating func take(_ client: inout ClientCommands) {
        guard let stream = session.streams.first else { return }
        let share = Int(Double(bytesPerSecond) * (tick / .seconds(1)))
        takenBytes = min(stream.unreturnedBytes, takenBytes + max(1, share))
        guard takenBytes >= session.streamWindowBytes / 2 else { return }
        session.returnStreamCredit(stream.id, atMost: takenBytes, &client)
        session.returnConnectionCredit(atMost: takenBytes, &client)
        takenBytes = 0
    }
}
