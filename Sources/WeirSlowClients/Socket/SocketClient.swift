// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import WeirTesting

/// Carries out what a profile says, on a real connection, and keeps its record.
///
/// Confined to its loop's thread.
final class SocketClient {
    /// What was seen.
    let recorder = ClientRecorder()
    /// When the connection was made, or given up; nil while it is not.
    private(set) var connectedAt: ContinuousClock.Instant?
    /// Why the connection could not be made.
    private(set) var connectError: Int32?
    /// The first bytes that came, for a look at a peer that is no HTTP/2 server.
    private(set) var firstBytes: [UInt8] = []
    /// What the server made of being asked: false when it answered, true when it had closed the connection.
    private(set) var serverClosed: Bool?

    let descriptor: SocketDescriptor
    private let loop: SocketLoop
    private var profile: any ClientProfile
    private var reader = FrameReader()
    private var unsent = ByteBuffer()
    private var allowance = Int.max
    private var hasVanished = false
    private var isConnecting = true
    /// Once its profile has no say any more.
    private var isProbing = false

    /// Most bytes held that the kernel does not take; what a profile sends beyond that is dropped, unless it is all in one.
    private static let mostUnsentBytes = 1 << 20
    private static let readBytes = 1 << 16
    /// POLLRDHUP of poll(2).
    private static let peerClosed: Int32 = 0x2000
    /// Reads for one event, so that one fast server does not keep the others' events waiting.
    private static let readsPerTurn = 16

    /// Begins to connect.
    init(
        _ client: BenchClient, to address: SocketAddress, on loop: SocketLoop
    ) throws(BenchError) {
        descriptor = try SocketDescriptor(connectingTo: address, receiveBufferBytes: client.receiveBufferBytes)
        profile = client.profile
        self.loop = loop
        loop.add(self)
    }

    /// Whether the connection is there.
    var isOpen: Bool { connectedAt != nil && descriptor.number >= 0 && recorder.record.closedAt == nil }

    /// Whether the client does not read, so that it could not see the server close the connection.
    var cannotSeeTheEnd: Bool {
        descriptor.number >= 0 && connectedAt != nil && (hasVanished || allowance == 0)
    }

    /// What the kernel is to look for.
    var interest: Int16 {
        var events: Int32 = isConnecting ? 0 : Self.peerClosed
        if !hasVanished, !isConnecting, allowance > 0 { events |= POLLIN }
        if isConnecting || unsent.readableBytes > 0 { events |= POLLOUT }
        return Int16(truncatingIfNeeded: events)
    }

    /// Closes the connection without a word to the profile.
    func end() {
        recorder.noteLeft(at: sinceConnected)
        shut()
    }

    /// Reads whatever is there and asks for an answer, to see whether the server still has the connection.
    ///
    /// The profile is told nothing from here on.
    func probe() {
        guard descriptor.number >= 0, connectedAt != nil else { return }
        isProbing = true
        if hasVanished { descriptor.dropNothing() }
        hasVanished = false
        allowance = .max
        unsent.writeBytes(RawFrame.ping().bytes)
        flush()
        loop.update()
    }

    // MARK: - What happens

    /// The kernel saw something.
    func happened(_ seen: Int16) {
        let events = Int32(seen)
        if isConnecting { return finishConnecting() }
        if events & POLLOUT != 0 { flush() }
        if events & (POLLIN | Self.peerClosed) != 0, allowance > 0 { readable() }
        // A reset is told whether anybody reads or not; a close, once all before it is in the kernel.
        if events & (POLLERR | POLLHUP) != 0 || (events & Self.peerClosed != 0 && allowance == 0) { lost() }
    }

    private func finishConnecting() {
        isConnecting = false
        let error = descriptor.connectError
        guard error == 0 else {
            // Its profile is told nothing: there was no connection that could end.
            connectError = error
            recorder.note(.closed, at: .zero)
            return shut()
        }
        connectedAt = loop.now
        loop.update()
        tell(.connected)
    }

    private func readable() {
        for _ in 0..<Self.readsPerTurn where allowance > 0 && descriptor.number >= 0 && !hasVanished {
            switch descriptor.read(atMost: min(allowance, Self.readBytes)) {
            case .nothing: return
            case .closed: return lost()
            case .bytes(let bytes): received(bytes)
            }
        }
    }

    private func received(_ bytes: ByteBuffer) {
        if firstBytes.count < 64 { firstBytes += bytes.readableBytesView.prefix(64 - firstBytes.count) }
        if allowance != .max {
            allowance -= bytes.readableBytes
            loop.update()
        }
        tell(.bytesRead(bytes.readableBytes))
        let areFrames = reader.receive(bytes) { header, payload in
            guard descriptor.number >= 0 else { return true }
            tell(.frame(header, payload: payload))
            return true
        }
        if !areFrames {
            recorder.noteNotUnderstood()
            lost()
        }
    }

    private func tell(_ fact: ClientFact) {
        guard isOpen else { return }
        let now = sinceConnected
        guard !isProbing else { return noteAnswer(fact) }
        recorder.note(fact, at: now)
        var commands = ClientCommands(now: now, unsentBytes: unsent.readableBytes)
        profile.handle(fact, &commands)
        for command in commands.commands where descriptor.number >= 0 { carryOut(command) }
    }

    private func noteAnswer(_ fact: ClientFact) {
        switch fact {
        case .closed: serverClosed = true
        // What the kernel still had proves nothing; an answer does.
        case .frame(let header, _) where header.kind == .ping && header.isAcknowledgement: serverClosed = false
        default: break
        }
    }

    private func lost() {
        guard descriptor.number >= 0 else { return }
        tell(.closed)
        shut()
    }

    private var sinceConnected: Duration { connectedAt.map { loop.now - $0 } ?? .zero }

    // MARK: - What it does

    private func carryOut(_ command: ClientCommand) {
        switch command {
        case .send(let bytes):
            // What a client begins with is sent whole: ten thousand requests are more than that.
            guard !hasVanished,
                unsent.readableBytes == 0 || unsent.readableBytes + bytes.count <= Self.mostUnsentBytes
            else { return }
            recorder.noteSent(bytes, at: sinceConnected)
            unsent.writeBytes(bytes)
            flush()
        case .read(let bytes):
            allowance = bytes
            loop.update()
        case .setTimer(let delay, let number):
            loop.after(delay) { [weak self] in self?.tell(.timer(number)) }
        case .close:
            end()
        case .vanish:
            hasVanished = true
            recorder.noteLeft(at: sinceConnected)
            descriptor.dropEverything()
            loop.update()
        }
    }

    private func flush() {
        let hadAll = unsent.readableBytes == 0
        while unsent.readableBytes > 0 {
            guard let count = descriptor.write(unsent) else { return lost() }
            guard count > 0 else { break }
            unsent.moveReaderIndex(forwardBy: count)
        }
        unsent.discardReadBytes()
        if hadAll != (unsent.readableBytes == 0), descriptor.number >= 0 { loop.update() }
    }

    private func shut() {
        guard descriptor.number >= 0 else { return }
        loop.remove(self)
        descriptor.shut()
    }
}
