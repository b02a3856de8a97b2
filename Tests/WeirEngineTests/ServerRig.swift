// SPDX-License-Identifier: Apache-2.0

import NIOCore
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// A table of four methods: `/test.Echo/Get` is unary, `/test.Echo/List` streams its response, `/test.Echo/Collect` its request,
/// `/test.Echo/Talk` both.
final class TestRoutes: CallRouting {
    private let table: [String: CallRoute]

    init(maximumRequestBytes: Int = 1 << 20) {
        let service = ServiceDescriptor(fullyQualifiedName: "test.Echo")
        let methods = [
            MethodDescriptor(service: service, name: "Get", kind: .unary),
            MethodDescriptor(service: service, name: "List", kind: .serverStreaming),
            MethodDescriptor(service: service, name: "Collect", kind: .clientStreaming),
            MethodDescriptor(service: service, name: "Talk", kind: .bidirectionalStreaming),
        ]
        table = Dictionary(
            uniqueKeysWithValues: methods.map {
                ($0.path, CallRoute(method: $0, maximumRequestBytes: maximumRequestBytes, handler: 0))
            })
    }

    func route(path: String) -> CallRoute? { table[path] }
    func knowsService(ofPath path: String) -> Bool { path.hasPrefix("/test.Echo/") }
}

/// A server connection with a raw peer, carried by a link that the test opens and closes, under a clock that it sets.
final class ServerRig {
    let connection: ServerConnection
    let process: ProcessSendBudget
    let receiveBudget: ProcessReceiveBudget
    let peer: RawPeer
    /// Called for each frame the peer receives.
    var onFrame: (FrameReader.Header) -> Void = { _ in }
    var now = MonotonicInstant(nanoseconds: 0)
    /// Whether the kernel takes what the connection writes.
    var socketIsOpen = true
    /// Written and not yet taken by the kernel.
    var unsent: [UInt8] = []
    var maximumOutputBytes = 0
    var maximumHeldBytes = 0

    var calls: [Int32: ServerCall] = [:]
    var requests: [Int32: [UInt8]] = [:]
    var cancelled: [Int32] = []
    var stalls: [StreamStalled] = []
    var refusals: [String] = []
    var fieldsTooLarge: [(bytes: Int, limit: Int)] = []
    var connectionRefusals: [String] = []
    var protocolErrors: [HTTP2Error] = []
    var connectionStalls = 0
    var idles = 0
    var connectionsShed = 0
    var inputTimeouts: [(code: HTTP2ErrorCode, reason: String)] = []
    var stalledRequests: [RequestStalled] = []
    var closed = 0
    var aborted = 0
    var peerUnderstood = true
    /// Called when a handler starts.
    var onStart: (ServerCall) -> Void = { _ in }

    init(
        _ configure: (inout ServerConnectionConfiguration) -> Void = { _ in }, processBytes: Int = 1 << 30,
        process: ProcessSendBudget? = nil, keeping: RawPeer.Keeping = .everything,
        receiveBudget: ProcessReceiveBudget = ProcessReceiveBudget(limitBytes: 1 << 30),
        maximumRequestBytes: Int = 1 << 20
    ) throws {
        peer = RawPeer(keeping: keeping)
        var configuration = ServerConnectionConfiguration()
        configure(&configuration)
        self.process = process ?? ProcessSendBudget(limitBytes: processBytes)
        self.receiveBudget = receiveBudget
        connection = try ServerConnection(
            configuration: configuration, routes: TestRoutes(maximumRequestBytes: maximumRequestBytes),
            budget: self.process, receiveBudget: receiveBudget, now: now)
    }

    /// The peer sends its preface and these frames, and acknowledges the server's SETTINGS.
    func connect(_ frames: [RawFrame] = [.settings()]) {
        feed(RawFrame.preface + (frames + [.settingsAcknowledgement]).flatMap(\.bytes))
    }

    func feed(_ frames: RawFrame...) { feed(frames.flatMap(\.bytes)) }

    func feed(_ bytes: [UInt8]) {
        connection.receive(ByteBuffer(bytes: bytes), at: now)
        pump()
    }

    /// Carries out actions and output until there is nothing more to do.
    func pump() {
        var more = true
        while more {
            more = perform()
            // As a channel that is not writable: nothing more is collected for it.
            if !socketIsOpen, unsent.count >= 1 << 16 {
                connection.outputBuffered(unsent.count, isWritable: false, at: now)
                if perform() || more { continue }
                return
            }
            let wantsMore = connection.produceOutput(at: now)
            let bytes = Array(connection.output.readableBytesView)
            connection.output.clear()
            maximumOutputBytes = max(maximumOutputBytes, bytes.count)
            unsent += bytes
            if socketIsOpen {
                deliver(unsent)
                unsent = []
            }
            maximumHeldBytes = max(maximumHeldBytes, connection.counts.heldBytes)
            connection.outputBuffered(unsent.count, isWritable: socketIsOpen, at: now)
            more = perform() || wantsMore || !bytes.isEmpty || more
        }
    }

    private func deliver(_ bytes: [UInt8]) {
        let isUnderstood = peer.receive(ByteBuffer(bytes: bytes)) { header, _ in onFrame(header) }
        peerUnderstood = isUnderstood && peerUnderstood
    }

    /// The kernel takes this many bytes of what waits, and then no more.
    func acceptOutput(_ count: Int) {
        deliver(Array(unsent.prefix(count)))
        unsent.removeFirst(min(count, unsent.count))
        connection.outputBuffered(unsent.count, isWritable: false, at: now)
    }

    /// Carries out the actions that are there; returns whether there were any.
    private func perform() -> Bool {
        let actions = connection.takeActions()
        for action in actions {
            switch action {
            case .startHandler(let call, let request):
                calls[call.streamID.rawValue] = call
                requests[call.streamID.rawValue] = request.map { Array($0.readableBytesView) }
                onStart(call)
            case .resumeSender(let waiter, let outcome): waiter.resume(outcome)
            case .resumeReceiver(let waiter, let outcome): waiter.resume(outcome)
            case .flowChanged(let observers, let flow): for observer in observers { observer.notify(flow) }
            case .cancelHandler(let call): cancelled.append(call.streamID.rawValue)
            case .report(.stalled(_, _, let report)): stalls.append(report)
            case .report(.idle): idles += 1
            case .report(.connectionShed): connectionsShed += 1
            case .report(.connectionStalled): connectionStalls += 1
            case .report(.inputTimedOut(let code, let reason, _)): inputTimeouts.append((code, reason))
            case .report(.requestStalled(_, _, let report)): stalledRequests.append(report)
            case .report(.protocolError(let error)): protocolErrors.append(error)
            case .report(.connectionRefused(let reason)): connectionRefusals.append(reason)
            case .report(.refused(let reason)): refusals.append(reason)
            case .report(.fieldsTooLarge(_, _, let bytes, let limit)): fieldsTooLarge.append((bytes, limit))
            case .close: closed += 1
            case .abort: aborted += 1
            }
        }
        return !actions.isEmpty
    }

    /// Time passes, and the timer fires whenever it asked to.
    func advance(to instant: MonotonicInstant) {
        while let deadline = connection.nextDeadline, deadline <= instant {
            now = max(now, deadline)
            connection.timerFired(at: now)
            pump()
            if let next = connection.nextDeadline, next <= now { break }
        }
        now = instant
        connection.timerFired(at: now)
        pump()
    }

    /// Time passes, and the timer fires once, late.
    func jump(by duration: Duration) {
        now = now + duration
        connection.timerFired(at: now)
        pump()
    }

    func advance(by duration: Duration) { advance(to: now + duration) }
}

extension ServerRig {
    static func request(
        _ path: String, stream: Int32, message: [UInt8]? = [1, 2, 3], ends: Bool = true,
        contentType: String = "application/grpc", extra: [(String, String)] = []
    ) -> [UInt8] {
        let fields = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", contentType), ("te", "trailers"),
        ]
        var bytes = RawFrame.headers(fields + extra, stream: stream, ends: ends && message == nil).bytes
        if let message {
            let body = [0] + RawFrame.bigEndian(UInt32(message.count)) + message
            bytes += RawFrame.data(body, stream: stream, ends: ends).bytes
        }
        return bytes
    }

    /// Opens a streaming call and returns it.
    func openList(_ stream: Int32 = 1, ends: Bool = true, extra: [(String, String)] = []) -> ServerCall? {
        feed(Self.request("/test.Echo/List", stream: stream, ends: ends, extra: extra))
        return calls[stream]
    }

    /// The handler of a streaming call sends these messages as far as it may.
    func stream(_ call: ServerCall, _ sizes: [Int]) -> Sender {
        let sender = Sender(call, sizes)
        sender.run()
        pump()
        return sender
    }

    /// Whether the connection holds nothing at all.
    var holdsNothing: Bool {
        let counts = connection.counts
        return counts.streams == 0 && counts.heldBytes == 0 && counts.suspendedSenders == 0 && counts.timers == 0
            && connection.session.flow.reservedBytes == 0 && process.takenBytes == 0
    }
}
