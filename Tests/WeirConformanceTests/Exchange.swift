// SPDX-License-Identifier: Apache-2.0

import NIOCore
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// Methods whose handlers do nothing until a test has them answer.
private final class Routes: CallRouting {
    private let table: [String: CallRoute]

    init() {
        let service = ServiceDescriptor(fullyQualifiedName: "conformance.Echo")
        let methods = [
            MethodDescriptor(service: service, name: "List", kind: .serverStreaming),
            MethodDescriptor(service: service, name: "Talk", kind: .bidirectionalStreaming),
        ]
        table = Dictionary(
            uniqueKeysWithValues: methods.map {
                ($0.path, CallRoute(method: $0, maximumRequestBytes: 1 << 20, handler: 0))
            })
    }

    func route(path: String) -> CallRoute? { table[path] }
    func knowsService(ofPath path: String) -> Bool { path.hasPrefix("/conformance.Echo/") }
}

/// The real server connection and a client that knows frames and nothing else, in memory, under a clock that the test sets.
final class Exchange {
    private let connection: ServerConnection
    let peer = RawPeer()
    private(set) var calls: [Int32: ServerCall] = [:]
    /// How often the connection was to be closed.
    private(set) var closes = 0
    /// Whether everything the server wrote could be read as frames.
    private(set) var isUnderstood = true
    private(set) var now = MonotonicInstant(nanoseconds: 0)

    init(_ configure: (inout ServerConnectionConfiguration) -> Void = { _ in }) throws {
        var configuration = ServerConnectionConfiguration()
        configure(&configuration)
        connection = try ServerConnection(
            configuration: configuration, routes: Routes(), budget: ProcessSendBudget(limitBytes: 1 << 30), now: now)
    }

    /// The client sends bytes.
    func send(_ bytes: some Collection<UInt8>) {
        guard closes == 0 else { return }
        connection.receive(ByteBuffer(bytes: bytes), at: now)
        pump()
    }

    /// Handlers go on: each sends a message of this size and, if it `ends`, returns.
    func answer(_ stream: Int32, bytes: Int?, ends: Bool) -> Bool {
        guard let call = calls[stream] else { return false }
        if let bytes {
            do throws(RPCError) {
                guard try call.admit(bytes) else { return false }
                try call.write(bytes) { _ in }
            } catch {
                return false
            }
        }
        if ends { call.handlerReturned(Status(code: .ok)) }
        pump()
        return true
    }

    /// The handler fails although its request has not ended, so that the server resets the stream behind its status.
    func fail(_ stream: Int32) {
        calls[stream]?.handlerReturned(Status(code: .internalError))
        pump()
    }

    /// Time passes, and the timer fires whenever it asked to.
    func pass(_ duration: Duration) {
        let end = now + duration
        while let deadline = connection.nextDeadline, deadline <= end {
            now = max(now, deadline)
            connection.timerFired(at: now)
            pump()
            if let next = connection.nextDeadline, next <= now { break }
        }
        now = end
        connection.timerFired(at: now)
        pump()
    }

    /// Carries out actions and output until there is nothing more to do, as a driver with an open socket does.
    func pump() {
        var more = true
        while more {
            more = perform()
            let wantsMore = connection.produceOutput(at: now)
            let bytes = connection.output
            connection.output.clear()
            if bytes.readableBytes > 0, !peer.receive(bytes, { _, _ in }) { isUnderstood = false }
            connection.outputBuffered(0, isWritable: true, at: now)
            more = perform() || wantsMore || more
        }
    }

    private func perform() -> Bool {
        let actions = connection.takeActions()
        for action in actions {
            switch action {
            case .startHandler(let call, _): calls[call.streamID.rawValue] = call
            case .resumeSender(let waiter, let outcome): waiter.resume(outcome)
            case .resumeReceiver(let waiter, let outcome): waiter.resume(outcome)
            case .flowChanged, .cancelHandler, .report: break
            case .close, .abort: closes += 1
            }
        }
        return !actions.isEmpty
    }

    // MARK: - What came of it

    /// The codes of the GOAWAY frames received.
    var goAways: [HTTP2ErrorCode] {
        peer.frames.filter { $0.kind == .goAway }.map { frame in
            HTTP2ErrorCode(rawValue: frame.payload.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        }
    }

    /// The codes of the RST_STREAM frames received on a stream.
    func resets(_ stream: Int32) -> [HTTP2ErrorCode] {
        peer.frames.filter { $0.kind == .rstStream && $0.stream == stream }.map { HTTP2ErrorCode(rawValue: $0.number) }
    }

    /// The streams that were reset.
    var resetStreams: Set<Int32> { Set(peer.frames.filter { $0.kind == .rstStream }.map(\.stream)) }

    /// The server's first SETTINGS, as identifiers and values.
    var announced: [UInt16: UInt32] {
        guard let frame = peer.frames.first, frame.kind == .settings else { return [:] }
        let entries = stride(from: 0, to: frame.payload.count, by: 6).map { start in
            let entry = frame.payload[start..<(start + 6)].map(UInt32.init)
            let value = entry.dropFirst(2).reduce(UInt32(0)) { $0 << 8 | $1 }
            return (UInt16(entry[0] << 8 | entry[1]), value)
        }
        return Dictionary(entries) { $1 }
    }
}
