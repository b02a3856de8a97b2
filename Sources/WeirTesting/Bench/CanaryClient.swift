// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// A well-behaved client that measures how the server treats it while others misbehave.
///
/// Ten times a second it makes a call and cancels it once its first bytes are there; beside that it reads one stream all
/// the time, at up to 640 KiB a second.
public struct CanaryClient: ClientProfile {
    /// The profile's name.
    public static let name = "canary"

    /// How often it makes a call.
    public static let interval = Duration.milliseconds(100)
    /// How long it waits for a first byte before the call has failed.
    public static let patience = Duration.seconds(10)

    private static let tick = 0
    private static let steadyWindowBytes = 65_535

    private let call: ClientCall
    private let meter: CanaryMeter
    private var nextStream: Int32 = 1
    private var probe: (stream: Int32, since: Duration)?
    private var steady: Int32?
    private var unreturnedBytes = 0
    private var connectionBytes = 0
    /// Since when the steady stream has an open window and nothing came.
    private var waitsSince: Duration?
    /// Whether the server asked for another connection, as it does once one is old.
    private var isLeaving = false

    /// Makes a canary that tells this meter what it sees.
    public init(_ call: ClientCall, meter: CanaryMeter) {
        self.call = call
        self.meter = meter
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            client.send(RawFrame.preface)
            client.send(.initialWindow(Self.steadyWindowBytes))
            client.send(.windowUpdate(1 << 24))
            beginSteady(&client)
            beginProbe(&client)
            client.setTimer(after: Self.interval, number: Self.tick)
        case .timer(Self.tick):
            ticked(&client)
            client.setTimer(after: Self.interval, number: Self.tick)
        case .frame(let header, let payload):
            switch header.kind {
            case .settings where !header.isAcknowledgement:
                client.send(.settingsAcknowledgement)
            case .ping where !header.isAcknowledgement:
                client.send(.ping(Array(payload.readableBytesView), acknowledge: true))
            case .data:
                dataCame(header, &client)
            case .goAway:
                sentAway(payload)
            default:
                break
            }
            if header.endsStream || header.kind == .rstStream { ended(header, &client) }
        case .closed:
            if probe != nil || !isLeaving { meter.failed() }
        default:
            break
        }
    }

    private mutating func ticked(_ client: inout ClientCommands) {
        if let probe, client.now - probe.since >= Self.patience {
            meter.failed()
            client.send(.reset(probe.stream, code: 8))
            self.probe = nil
        }
        guard probe != nil || !isLeaving else { return client.close() }
        if probe == nil { beginProbe(&client) }
        guard let steady else { return beginSteady(&client) }
        if let waitsSince { meter.waits(client.now - waitsSince) }
        guard unreturnedBytes > 0 else { return }
        client.send(.windowUpdate(unreturnedBytes, stream: steady))
        unreturnedBytes = 0
        waitsSince = waitsSince ?? client.now
    }

    /// A GOAWAY without an error is no failure (RFC 9113 §6.8): calls under way end here, the next ones go elsewhere.
    private mutating func sentAway(_ payload: ByteBuffer) {
        guard let last = payload.getInteger(at: payload.readerIndex, as: UInt32.self),
            payload.getInteger(at: payload.readerIndex + 4, as: UInt32.self) == 0
        else { return }
        isLeaving = true
        if let probe, probe.stream > Int32(bitPattern: last & 0x7FFF_FFFF) { self.probe = nil }
    }

    private mutating func dataCame(_ header: FrameReader.Header, _ client: inout ClientCommands) {
        connectionBytes += header.length
        if connectionBytes >= 1 << 20 {
            client.send(.windowUpdate(connectionBytes))
            connectionBytes = 0
        }
        if header.stream == steady {
            meter.received(header.length)
            unreturnedBytes += header.length
            if let waitsSince { meter.waits(client.now - waitsSince) }
            waitsSince = nil
        } else if let probe, header.stream == probe.stream, header.length > 0 {
            meter.answered(after: client.now - probe.since)
            if !header.endsStream { client.send(.reset(probe.stream, code: 8)) }
            self.probe = nil
        }
    }

    private mutating func ended(_ header: FrameReader.Header, _ client: inout ClientCommands) {
        if header.stream == steady {
            steady = nil
            unreturnedBytes = 0
            waitsSince = nil
        } else if let probe, header.stream == probe.stream {
            // It ended without a byte: with a status that says why, or with a reset.
            meter.failed()
            self.probe = nil
        }
    }

    private mutating func beginProbe(_ client: inout ClientCommands) {
        probe = (nextStream, client.now)
        client.send(call.frames(stream: nextStream))
        nextStream = nextStream &+ 2
    }

    private mutating func beginSteady(_ client: inout ClientCommands) {
        steady = nextStream
        waitsSince = client.now
        client.send(call.frames(stream: nextStream))
        nextStream = nextStream &+ 2
    }
}

/// What a canary tells and others read, on any thread.
public final class CanaryMeter: Sendable {
    /// What was told since it was last taken.
    public struct Reading: Sendable {
        /// The times to the first byte, in order; at most ``CanaryMeter/mostLatencies`` of them.
        public var latencies: [Duration] = []
        /// Calls that failed.
        public var failures = 0
        /// Bytes of the steady stream.
        public var steadyBytes = 0
        /// The longest time that the steady stream waited for bytes it had a window for.
        public var longestGap = Duration.zero

        /// Makes a reading of nothing.
        public init() {}
    }

    /// Most times kept between two readings.
    public static let mostLatencies = 4_096

    private let reading = Mutex(Reading())

    /// Makes a meter that was told nothing.
    public init() {}

    /// Takes what was told since the last time.
    public func take() -> Reading {
        reading.withLock { reading in
            defer { reading = Reading() }
            return reading
        }
    }

    func answered(after latency: Duration) {
        reading.withLock { if $0.latencies.count < Self.mostLatencies { $0.latencies.append(latency) } }
    }

    /// A call could not be made.
    public func noteFailure() { failed() }

    func failed() { reading.withLock { $0.failures += 1 } }
    func received(_ count: Int) { reading.withLock { $0.steadyBytes += count } }
    func waits(_ gap: Duration) { reading.withLock { $0.longestGap = max($0.longestGap, gap) } }
}
