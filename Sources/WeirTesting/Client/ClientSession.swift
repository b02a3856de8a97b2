// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// What clients of every kind do alike: open the connection, make calls, answer SETTINGS and PING.
///
/// A part that profiles are made of. Keeps one entry for each open call.
public struct ClientSession: Sendable {
    /// A call that is under way.
    public struct Stream: Sendable {
        /// The stream's number.
        public let id: Int32
        /// Bytes of DATA received.
        public internal(set) var receivedBytes = 0
        /// Bytes of DATA received for which no credit was returned.
        public internal(set) var unreturnedBytes = 0
    }

    /// What is called.
    public let call: ClientCall
    /// How many calls are made in all, one after the other or at once.
    public let calls: Int
    /// How long the client rests after a call before it makes the next.
    public let pause: Duration
    /// The window of each stream, in bytes, as announced at the start.
    public var streamWindowBytes = 65_535
    /// The window of the connection, in bytes, as opened at the start; not below 65,535 (RFC 9113 §6.9.2).
    public var connectionWindowBytes = 65_535
    /// Whether requests end their side of the stream (half-close), as those of a server-streaming method do.
    public var endsRequests = true
    /// Calls that are under way, in the order in which they began.
    public private(set) var streams: [Stream] = []
    /// How many calls were begun.
    public private(set) var callsBegun = 0
    /// Bytes of DATA received on all streams for which no connection credit was returned.
    public var unreturnedBytes = 0

    /// The timer with which the next call begins; profiles use numbers of 0 and above.
    public static let nextCallTimer = -1

    /// Makes a session that calls that often.
    public init(_ call: ClientCall, calls: Int = 1, pause: Duration = .zero) {
        self.call = call
        self.calls = calls
        self.pause = pause
    }

    /// Sends the preface, SETTINGS and the connection's window.
    public mutating func open(_ client: inout ClientCommands) {
        client.send(RawFrame.preface)
        client.send(streamWindowBytes == 65_535 ? .settings() : .initialWindow(streamWindowBytes))
        if connectionWindowBytes > 65_535 { client.send(.windowUpdate(connectionWindowBytes - 65_535)) }
    }

    /// Whether this fact is the server's SETTINGS: with their acknowledgement the client's part of the handshake is done.
    ///
    /// Clients that stop reading, or say nothing whole any more, do so from here on, or they would be ended for the handshake.
    func completesHandshake(_ fact: ClientFact) -> Bool {
        if case .frame(let header, _) = fact { header.kind == .settings && !header.isAcknowledgement } else { false }
    }

    /// Begins a call, if not all of them were made; returns its stream.
    @discardableResult
    public mutating func begin(_ client: inout ClientCommands) -> Int32? {
        guard let id = nextStream() else { return nil }
        client.send(call.frames(stream: id, ends: endsRequests))
        return id
    }

    /// Begins a call with its fields alone, if not all calls were made; returns its stream.
    @discardableResult
    public mutating func beginHead(_ client: inout ClientCommands) -> Int32? {
        guard let id = nextStream() else { return nil }
        client.send(call.head(stream: id))
        return id
    }

    private mutating func nextStream() -> Int32? {
        guard callsBegun < calls else { return nil }
        let id = Int32(truncatingIfNeeded: 2 * callsBegun + 1)
        callsBegun += 1
        streams.append(Stream(id: id))
        return id
    }

    /// Does what every client does with a fact; returns the stream that has just ended, if one did.
    public mutating func keepHouse(_ fact: ClientFact, _ client: inout ClientCommands) -> Int32? {
        switch fact {
        case .timer(Self.nextCallTimer):
            begin(&client)
        case .frame(let header, let payload):
            return keepHouse(header, payload, &client)
        default:
            break
        }
        return nil
    }

    private mutating func keepHouse(
        _ header: FrameReader.Header, _ payload: ByteBuffer, _ client: inout ClientCommands
    ) -> Int32? {
        switch header.kind {
        case .settings where !header.isAcknowledgement:
            client.send(.settingsAcknowledgement)
        case .ping where !header.isAcknowledgement:
            client.send(.ping(Array(payload.readableBytesView), acknowledge: true))
        case .data:
            // A stream that was reset still gets what was on its way; the connection's credit is spent all the same.
            unreturnedBytes += header.length
            if let index = index(of: header.stream) {
                streams[index].receivedBytes += header.length
                streams[index].unreturnedBytes += header.length
            }
        default:
            break
        }
        guard header.endsStream || header.kind == .rstStream else { return nil }
        return end(header.stream, &client) ? header.stream : nil
    }

    /// A call is over; the next one begins after the pause.
    @discardableResult
    public mutating func end(_ id: Int32, _ client: inout ClientCommands) -> Bool {
        guard let index = index(of: id) else { return false }
        streams.remove(at: index)
        if callsBegun < calls { client.setTimer(after: pause, number: Self.nextCallTimer) }
        return true
    }

    /// A call is over for the client, which does not make another one for it.
    mutating func forget(_ id: Int32) { streams.removeAll { $0.id == id } }

    /// The call on this stream, if it is under way.
    public func stream(_ id: Int32) -> Stream? {
        index(of: id).map { streams[$0] }
    }

    /// Returns credit for everything received on a stream, or for `limit` bytes of it, if it is at least `threshold` bytes.
    public mutating func returnStreamCredit(
        _ id: Int32, from threshold: Int = 1, atMost limit: Int = .max, _ client: inout ClientCommands
    ) {
        guard let index = index(of: id) else { return }
        let credit = min(limit, streams[index].unreturnedBytes)
        guard credit >= max(1, threshold) else { return }
        streams[index].unreturnedBytes -= credit
        client.send(.windowUpdate(credit, stream: id))
    }

    /// Returns credit for everything received on the connection, or for `limit` bytes of it, if it is at least `threshold`
    /// bytes.
    public mutating func returnConnectionCredit(
        from threshold: Int = 1, atMost limit: Int = .max, _ client: inout ClientCommands
    ) {
        let credit = min(limit, unreturnedBytes)
        guard credit >= max(1, threshold) else { return }
        unreturnedBytes -= credit
        client.send(.windowUpdate(credit))
    }

    private func index(of id: Int32) -> Int? {
        streams.firstIndex { $0.id == id }
    }
}
