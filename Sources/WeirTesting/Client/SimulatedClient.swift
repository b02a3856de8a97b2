// SPDX-License-Identifier: Apache-2.0

public import NIOCore
internal import WeirHTTP2
internal import WeirRPC

/// A client of a simulation: its profile, its end of the link, and what it has seen.
public final class SimulatedClient {
    /// How one call ended.
    public struct CallResult: Sendable, Equatable {
        /// The stream's number.
        public let stream: Int32
        /// When the first frame came.
        public let beganAt: VirtualClock.Instant
        /// When it ended.
        public let endedAt: VirtualClock.Instant
        /// When the last byte of DATA came; nil when none did.
        public let lastDataAt: VirtualClock.Instant?
        /// The value of `grpc-status`; nil when the stream ended without.
        public let status: String?
        /// The error code of the server's RST_STREAM, if there was one.
        public let reset: UInt32?
        /// Bytes of DATA received.
        public let dataBytes: Int
        /// Whole messages received.
        public let messages: Int
        /// Bytes of a message that was cut short.
        public let cutBytes: Int
    }

    private struct Inbound {
        var deframer = MessageDeframer(maximumMessageBytes: 1 << 30)
        var messages = 0
        var wholeBytes = 0
        var beganAt: VirtualClock.Instant
        var lastDataAt: VirtualClock.Instant?
    }

    /// The client's number in its simulation, from 0.
    public let number: Int
    /// The name of its profile.
    public let profileName: String
    /// What came back.
    public let peer: RawPeer
    /// The calls that ended, the last ``keptResults`` of them.
    public private(set) var results: [CallResult] = []
    /// How many calls ended.
    public private(set) var resultCount = 0
    /// When the connection ended for this client; nil while it is there.
    public private(set) var closedAt: VirtualClock.Instant?
    /// Whether the client itself closed or vanished.
    public private(set) var leftByItself = false
    /// Whether everything received so far were frames.
    public private(set) var understood = true
    /// Bytes taken from the socket.
    public private(set) var receivedBytes = 0
    /// Called for each whole message, without its prefix.
    public var onMessage: ((_ stream: Int32, _ message: ByteBuffer) -> Void)?
    /// Called for each frame.
    public var onFrame: ((FrameReader.Header) -> Void)?
    /// Called when a call ends.
    public var onResult: ((CallResult) -> Void)?

    /// Most results kept.
    public static let keptResults = 64
    /// Most bytes the client holds that its kernel does not take; what it sends beyond that is dropped.
    public static let maximumUnsentBytes = 1 << 20

    private let recorder: ClientRecorder?
    private var profile: any ClientProfile
    private let link: Link
    private let events: EventQueue
    private let connectedAt: VirtualClock.Instant
    private let trace: Trace
    private var unsent = ByteQueue()
    private var allowance = Int.max
    private var isReading = false
    private var inbound: [Int32: Inbound] = [:]

    init(
        number: Int, profile: any ClientProfile, link: Link, events: EventQueue, trace: Trace,
        keeping: RawPeer.Keeping, recorder: ClientRecorder?
    ) {
        self.recorder = recorder
        self.number = number
        self.profile = profile
        profileName = type(of: profile).name
        self.link = link
        self.events = events
        self.trace = trace
        connectedAt = VirtualClock.Instant(nanoseconds: events.now)
        peer = RawPeer(keeping: keeping)
    }

    /// Whether the connection is there.
    public var isConnected: Bool { closedAt == nil }

    /// What came back on the first stream.
    public var response: RawPeer.Response { peer[1] }

    func start() {
        link.client.onReadable = { [weak self] in self?.readable() }
        link.client.onWritable = { [weak self] in self?.flush() }
        link.client.onReset = { [weak self] in self?.lost() }
        tell(.connected)
    }

    /// The simulation closes the connection in the client's place.
    func leave() {
        guard isConnected else { return }
        carryOut(.close)
    }

    // MARK: - Facts

    private func tell(_ fact: ClientFact) {
        guard isConnected else { return }
        recorder?.note(fact, at: sinceConnected)
        var commands = ClientCommands(now: sinceConnected, unsentBytes: unsent.count)
        profile.handle(fact, &commands)
        for command in commands.commands where isConnected { carryOut(command) }
    }

    private var now: VirtualClock.Instant { VirtualClock.Instant(nanoseconds: events.now) }

    private var sinceConnected: Duration { now.sinceStart - connectedAt.sinceStart }

    private func readable() {
        // A profile's command to read may come while it is told of what was read.
        guard isConnected, !isReading else { return }
        isReading = true
        defer { isReading = false }
        while isConnected, allowance > 0, let bytes = link.client.read(atMost: min(allowance, 1 << 16)) {
            if allowance != .max { allowance -= bytes.readableBytes }
            receivedBytes += bytes.readableBytes
            trace.note(.clientRead, number, bytes.readableBytes)
            tell(.bytesRead(bytes.readableBytes))
            let areFrames = peer.receive(bytes) { [self] header, payload in frameCame(header, payload) }
            if !areFrames {
                understood = false
                lost()
            }
        }
        if isConnected, allowance > 0, link.client.isAtEnd { lost() }
    }

    private func frameCame(_ header: FrameReader.Header, _ payload: ByteBuffer) {
        trace.note(.frame, number, Int(header.stream), Int(header.kind.rawValue), Int(header.flags), header.length)
        onFrame?(header)
        if header.kind == .headers, inbound[header.stream] == nil { inbound[header.stream] = Inbound(beganAt: now) }
        if header.kind == .data { dataCame(header.stream, payload) }
        if header.endsStream || header.kind == .rstStream { streamEnded(header.stream) }
        tell(.frame(header, payload: payload))
    }

    private func dataCame(_ stream: Int32, _ payload: ByteBuffer) {
        var state = inbound.removeValue(forKey: stream) ?? Inbound(beganAt: now)
        state.lastDataAt = now
        state.deframer.append(payload)
        // Uncompressed messages below 1 GiB: anything else is not what this server sends, and shows as bytes cut.
        while let message = try? state.deframer.next() {
            state.messages += 1
            state.wholeBytes += message.readableBytes + 5
            onMessage?(stream, message)
        }
        inbound[stream] = state
    }

    private func streamEnded(_ stream: Int32) {
        let state = inbound.removeValue(forKey: stream) ?? Inbound(beganAt: now)
        let response = peer[stream]
        let result = CallResult(
            stream: stream, beganAt: state.beganAt, endedAt: now, lastDataAt: state.lastDataAt, status: response.status,
            reset: response.reset, dataBytes: response.dataBytes, messages: state.messages,
            cutBytes: response.dataBytes - state.wholeBytes)
        resultCount += 1
        results.append(result)
        if results.count > Self.keptResults { results.removeFirst() }
        trace.note(.callEnded, number, Int(stream), Int(response.status ?? "") ?? -1, state.messages)
        onResult?(result)
    }

    private func lost() {
        guard isConnected else { return }
        trace.note(.clientLost, number)
        tell(.closed)
        closedAt = now
        link.client.close()
        forget()
    }

    // MARK: - Commands

    private func carryOut(_ command: ClientCommand) {
        switch command {
        case .send(let bytes):
            guard unsent.count + bytes.count <= Self.maximumUnsentBytes else { return }
            recorder?.noteSent(bytes, at: sinceConnected)
            unsent.append(ByteBuffer(bytes: bytes))
            flush()
        case .read(let bytes):
            allowance = bytes
            if bytes > 0, !isReading { events.schedule(afterNanoseconds: 0) { [weak self] in self?.readable() } }
        case .setTimer(let delay, let number):
            events.schedule(at: events.now + max(0, delay.saturatedNanoseconds)) { [weak self] in
                self?.tell(.timer(number))
            }
        case .close:
            leftByItself = true
            closedAt = now
            recorder?.noteLeft(at: sinceConnected)
            link.client.close()
            forget()
        case .vanish:
            leftByItself = true
            recorder?.noteLeft(at: sinceConnected)
            closedAt = now
            link.client.vanish()
            forget()
        }
    }

    private func flush() {
        while var bytes = unsent.takeSlice(atMost: .max) {
            link.client.write(&bytes)
            guard bytes.readableBytes > 0 else { continue }
            // The kernel refused some, and says when it has room.
            unsent.putBack(bytes)
            return
        }
    }

    /// What is only needed while the connection is there.
    private func forget() {
        unsent.removeAll()
        inbound.removeAll()
    }
}
