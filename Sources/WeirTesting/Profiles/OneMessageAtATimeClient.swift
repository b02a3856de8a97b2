// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Takes one message, thinks about it, returns the credit of exactly its bytes, and takes the next.
///
/// A good server loses nothing, keeps the stream although its window is nearly always too small for more than a message,
/// and holds no more than the message that waits.
public struct OneMessageAtATimeClient: ClientProfile {
    /// The profile's name.
    public static let name = "oneMessageAtATime"

    /// Its calls; windows can be set before it is connected.
    public var session: ClientSession
    private let thinking: Duration
    private var scanner = MessageScanner()
    private var isThinking = false

    /// Makes a client that thinks that long about each message.
    public init(_ call: ClientCall, thinking: Duration, calls: Int = 1, pause: Duration = .zero) {
        session = ClientSession(call, calls: calls, pause: pause)
        self.thinking = thinking
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if case .connected = fact {
            session.open(&client)
            session.begin(&client)
            return
        }
        if session.keepHouse(fact, &client) != nil {
            scanner = MessageScanner()
            session.returnConnectionCredit(&client)
        }
        switch fact {
        case .frame(let header, let payload) where header.kind == .data && session.stream(header.stream) != nil:
            scanner.receive(payload)
        case .timer(0):
            isThinking = false
            takeMessage(&client)
        default:
            break
        }
        if !isThinking, !scanner.sizes.isEmpty {
            isThinking = true
            client.setTimer(after: thinking)
        }
    }

    private mutating func takeMessage(_ client: inout ClientCommands) {
        guard let stream = session.streams.first, !scanner.sizes.isEmpty else { return }
        let bytes = scanner.sizes.removeFirst()
        session.returnStreamCredit(stream.id, atMost: bytes, &client)
        session.returnConnectionCredit(atMost: bytes, &client)
    }
}

/// Finds where messages end without keeping them.
struct MessageScanner {
    /// The sizes of whole messages, prefixes included, in order; no more than a window holds.
    var sizes: [Int] = []
    private var prefix: [UInt8] = []
    private var missing = 0
    private var current = 0

    mutating func receive(_ payload: ByteBuffer) {
        var rest = payload
        while rest.readableBytes > 0 {
            guard missing == 0 else {
                let count = min(missing, rest.readableBytes)
                rest.moveReaderIndex(forwardBy: count)
                missing -= count
                if missing == 0 { end() }
                continue
            }
            guard let byte = rest.readInteger(as: UInt8.self) else { return }
            prefix.append(byte)
            guard prefix.count == 5 else { continue }
            missing = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
            current = missing + 5
            prefix.removeAll(keepingCapacity: true)
            if missing == 0 { end() }
        }
    }

    private mutating func end() {
        sizes.append(current)
    }
}
