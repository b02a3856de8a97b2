// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import WeirTesting

/// Sends calls at a steady rate over one connection, whether or not earlier ones were answered, and gives each up in time.
///
/// A closed loop, which waits for answers before it sends more, can never overload anything: that is why the load is open.
final class OpenLoopClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Outcome: Sendable {
        case answered(Duration)
        case rejected
        case gaveUp
    }

    struct Call: Sendable {
        /// Since the load began.
        var sentAt: Duration
        var outcome: Outcome
    }

    private let path: String
    private let message: [UInt8]
    private let gap: TimeAmount
    private let patience: TimeAmount
    private let end: NIODeadline
    private let done: EventLoopPromise<[Call]>

    private let began = NIODeadline.now()
    private var peer = RawPeer(keeping: .counts)
    private var nextStream: Int32 = 1
    private var sent: [Int32: NIODeadline] = [:]
    private var calls: [Call] = []
    private var nextSend = NIODeadline.now()

    private init(
        path: String, slices: Int, perSecond: Double, seconds: Double, patience: Duration,
        done: EventLoopPromise<[Call]>
    ) {
        self.path = path
        var message: [UInt8] = [0x08]
        var rest = UInt32(clamping: slices)
        while rest > 127 {
            message.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        self.message = message + [UInt8(rest)]
        gap = .nanoseconds(Int64(1e9 / perSecond))
        self.patience = TimeAmount(patience)
        end = .now() + .nanoseconds(Int64(seconds * 1e9))
        self.done = done
    }

    /// Sends calls for so long and waits until each was answered or given up.
    static func run(
        address: String, path: String, slices: Int, perSecond: Double, seconds: Double, patience: Duration
    ) async throws -> [Call] {
        let parts = address.split(separator: ":")
        let port = parts.last.flatMap { Int($0) } ?? 0
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let done = loop.makePromise(of: [Call].self)
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        OpenLoopClient(
                            path: path, slices: slices, perSecond: perSecond, seconds: seconds, patience: patience,
                            done: done))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        defer { channel.close(promise: nil) }
        return try await done.futureResult.get()
    }

    func channelActive(context: ChannelHandlerContext) {
        var bytes = ByteBuffer(bytes: RawFrame.preface)
        bytes.writeBytes(RawFrame.settings([]).bytes)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        nextSend = .now()
        send(context)
    }

    private func send(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        giveUp(now)
        var bytes = ByteBuffer()
        while nextSend <= now, nextSend < end {
            nextSend = nextSend + gap
            let stream = nextStream
            nextStream += 2
            sent[stream] = now
            let head = RawFrame.headers(
                [
                    (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "lab"),
                    ("content-type", "application/grpc"), ("te", "trailers"), ("grpc-timeout", "1S"),
                ], stream: stream)
            bytes.writeBytes(head.bytes)
            bytes.writeBytes(RawFrame.message(message, stream: stream, ends: true).bytes)
        }
        if bytes.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }
        guard now < end || !sent.isEmpty else { return done.succeed(calls) }
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(1)) {
            let (client, context) = loopBound.value
            client.send(context)
        }
    }

    /// Nothing is sent for it: the server knows the deadline, and ends the call by itself.
    private func giveUp(_ now: NIODeadline) {
        for (stream, at) in sent where now - at > patience {
            sent[stream] = nil
            calls.append(Call(sentAt: Duration(at - began), outcome: .gaveUp))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var ended: [Int32] = []
        var answers = ByteBuffer()
        _ = peer.receive(unwrapInboundIn(data)) { header, payload in
            if header.endsStream { ended.append(header.stream) }
            if header.kind == .settings, header.flags & RawFrame.acknowledge == 0 {
                answers.writeBytes(RawFrame.settingsAcknowledgement.bytes)
            }
            if header.kind == .ping, header.flags & RawFrame.acknowledge == 0 {
                answers.writeBytes(
                    RawFrame(
                        kind: .ping, flags: RawFrame.acknowledge, payload: Array(payload.readableBytesView)
                    ).bytes)
            }
        }
        if answers.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(answers), promise: nil) }
        let now = NIODeadline.now()
        for stream in ended {
            guard let at = sent.removeValue(forKey: stream) else { continue }
            let outcome: Outcome
            switch peer[stream].status {
            case "0": outcome = .answered(Duration(now - at))
            case "14", "8": outcome = .rejected
            default: outcome = .gaveUp
            }
            calls.append(Call(sentAt: Duration(at - began), outcome: outcome))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(ChannelError.eof)
    }
}
