// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import NIOCore

/// Keeps the record of one connection from what its client learns and sends.
///
/// It keeps the client's side of flow control by itself, from the bytes sent, whatever the profile does: so a server that
/// sends more than it may is found out. Not `Sendable`: it belongs to whoever drives the client.
public final class ClientRecorder {
    /// What was seen so far.
    public private(set) var record = ConnectionRecord()

    private let decoder = FieldDecoder()
    private var sentFrames = FrameReader()
    private var prefaceBytesMissing = RawFrame.preface.count
    private var initialWindowBytes = 65_535
    /// The initial windows of SETTINGS that the server has not acknowledged; nil for SETTINGS without one.
    private var unacknowledged: Deque<Int?> = []
    /// The largest of them.
    private var largestUnacknowledged: Int?
    private var indexes: [Int32: Int] = [:]
    private var progress: [Int32: MessageProgress] = [:]
    private var fieldBlock: (stream: Int32, endsStream: Bool, bytes: [UInt8])?

    /// Most SETTINGS without acknowledgement that are remembered; a flood's later ones carry no window.
    private static let mostUnacknowledged = 65_536
    /// Most bytes of a field block.
    private static let mostFieldBytes = 1 << 20

    /// Makes the recorder of a new connection.
    public init() {}

    /// The call on this stream.
    public func stream(_ id: Int32) -> StreamRecord? { indexes[id].map { record.streams[$0] } }

    // MARK: - What the client does

    /// The client sent these bytes.
    public func noteSent(_ bytes: [UInt8], at now: Duration) {
        record.sentBytes += bytes.count
        let skipped = min(prefaceBytesMissing, bytes.count)
        prefaceBytesMissing -= skipped
        guard skipped < bytes.count else { return }
        // Frames that no well-behaved client sends may be no frames at all; then there is nothing to keep.
        _ = sentFrames.receive(ByteBuffer(bytes: bytes[skipped...])) { header, payload in
            noteSent(header, payload, now)
            return true
        }
    }

    /// The client closed its connection, or is gone.
    public func noteLeft(at now: Duration) {
        if record.isOpen { record.leftAt = now }
    }

    /// What came were no frames.
    public func noteNotUnderstood() { record.isUnderstood = false }

    private func noteSent(_ header: FrameReader.Header, _ payload: ByteBuffer, _ now: Duration) {
        switch header.kind {
        case .headers where indexes[header.stream] == nil:
            record.callsBegun += 1
            guard record.streams.count < ConnectionRecord.keptStreams else { return }
            indexes[header.stream] = record.streams.count
            record.streams.append(
                StreamRecord(stream: header.stream, beganAt: now, windowBytes: initialWindowBytes))
        case .settings where !header.isAcknowledgement:
            guard unacknowledged.count < Self.mostUnacknowledged else { return }
            unacknowledged.append(payload.initialWindow)
            if let window = payload.initialWindow { largestUnacknowledged = max(largestUnacknowledged ?? 0, window) }
        case .windowUpdate:
            let increment = Int(payload.firstNumber & 0x7FFF_FFFF)
            if header.stream == 0 {
                record.windowBytes += increment
            } else {
                update(header.stream) { $0.windowBytes += increment }
            }
        case .rstStream:
            update(header.stream) { if !$0.isOver { $0.resetByClientAt = now } }
        case .goAway where record.goAwaySentAt == nil:
            record.goAwaySentAt = now
        default:
            break
        }
    }

    // MARK: - What the client learns

    /// The client was told this.
    public func note(_ fact: ClientFact, at now: Duration) {
        switch fact {
        case .connected, .timer:
            break
        case .bytesRead(let count):
            record.readBytes += count
            record.lastReadAt = now
        case .closed:
            if record.isOpen { record.closedAt = now }
        case .frame(let header, let payload):
            note(header, payload, now)
        }
    }

    private func note(_ header: FrameReader.Header, _ payload: ByteBuffer, _ now: Duration) {
        switch header.kind {
        case .data:
            noteData(header, payload, now)
        case .headers, .continuation:
            noteFields(header, payload, now)
        case .rstStream:
            update(header.stream) {
                $0.reset = payload.firstNumber
                if !$0.isOver { $0.endedAt = now }
            }
        case .settings where header.isAcknowledgement:
            record.acknowledgements += 1
            record.settingsAcknowledgedAt = now
            if let window = unacknowledged.popFirst() ?? nil {
                largestUnacknowledged = unacknowledged.compactMap { $0 }.max()
                initialWindowChanged(window)
            }
        case .ping where header.isAcknowledgement:
            record.acknowledgements += 1
        case .goAway:
            noteGoAway(payload, now)
        default:
            break
        }
    }

    private func noteData(_ header: FrameReader.Header, _ payload: ByteBuffer, _ now: Duration) {
        let beyondConnection = max(0, header.length - max(0, record.windowBytes))
        record.windowBytes -= header.length
        var content = payload
        content.removePadding(header)
        // What nobody asked for is not followed: a server may use any number of streams.
        guard indexes[header.stream] != nil else { return }
        var messages = progress[header.stream] ?? MessageProgress()
        messages.take(content)
        progress[header.stream] = header.endsStream ? nil : messages
        // The server may use a larger window as soon as it knows of it, and the smaller one until it has said so.
        let unacknowledgedGrowth = max(0, (largestUnacknowledged ?? initialWindowBytes) - initialWindowBytes)
        update(header.stream) { stream in
            if header.length > 0 {
                let window = stream.windowBytes + unacknowledgedGrowth
                let beyond = max(beyondConnection, header.length - max(0, window))
                stream.violationBytes += max(0, min(header.length, beyond))
                stream.windowBytes -= header.length
            }
            stream.dataFrames += 1
            stream.dataBytes += content.readableBytes
            stream.messages = messages.count
            stream.cutBytes = messages.cutBytes
            stream.largestMessageBytes = messages.largestBytes
            if let resetAt = stream.resetByClientAt {
                stream.bytesAfterReset += header.length
                if now - resetAt > StreamRecord.lateAfter { stream.lateBytes += header.length }
            }
            if content.readableBytes > 0 {
                if content.readableBytes < 5, !header.endsStream { stream.tinyDataFrames += 1 }
                stream.longestGap = max(stream.longestGap, now - (stream.lastDataAt ?? now))
                stream.firstDataAt = stream.firstDataAt ?? now
                stream.lastDataAt = now
            }
            if header.endsStream, !stream.isOver { stream.endedAt = now }
        }
    }

    private func noteFields(_ header: FrameReader.Header, _ payload: ByteBuffer, _ now: Duration) {
        var content = payload
        if header.kind == .headers {
            content.removePadding(header)
            if header.flags & RawFrame.priority != 0 {
                content.moveReaderIndex(forwardBy: min(5, content.readableBytes))
            }
            fieldBlock = (header.stream, header.endsStream, [])
        }
        guard var block = fieldBlock, block.stream == header.stream,
            block.bytes.count + content.readableBytes <= Self.mostFieldBytes
        else {
            record.isUnderstood = false
            return
        }
        // Taken out first, so that it grows in its place: an endless block of small frames would be copied for each of them.
        fieldBlock = nil
        block.bytes += content.readableBytesView
        fieldBlock = block
        guard header.flags & RawFrame.endHeaders != 0 else { return }
        fieldBlock = nil
        guard let fields = decoder.decode(block.bytes) else {
            record.isUnderstood = false
            return
        }
        update(block.stream) { stream in
            stream.headersAt = stream.headersAt ?? now
            for (name, value) in fields {
                switch name {
                case ":status": stream.httpStatus = value
                case "grpc-status": stream.status = Int(value)
                case "grpc-message": stream.message = value
                case "grpc-status-details-bin": stream.hasDetails = true
                default: break
                }
            }
            if block.endsStream, !stream.isOver { stream.endedAt = now }
        }
        if block.endsStream { progress[block.stream] = nil }
    }

    private func noteGoAway(_ payload: ByteBuffer, _ now: Duration) {
        var payload = payload
        guard let last = payload.readInteger(as: UInt32.self), let code = payload.readInteger(as: UInt32.self)
        else { return }
        let text = payload.readableBytesView.prefix(200).filter { $0 >= 0x20 && $0 < 0x7F }
        record.goAway = ConnectionRecord.GoAway(
            at: now, code: code, lastStream: Int32(bitPattern: last & 0x7FFF_FFFF),
            text: String(decoding: text, as: UTF8.self))
    }

    private func initialWindowChanged(_ bytes: Int) {
        let difference = bytes - initialWindowBytes
        initialWindowBytes = bytes
        for index in record.streams.indices { record.streams[index].windowBytes += difference }
    }

    private func update(_ id: Int32, _ change: (inout StreamRecord) -> Void) {
        guard let index = indexes[id] else { return }
        change(&record.streams[index])
    }
}

/// How far the messages of one stream have come (the Length-Prefixed-Message of gRPC's protocol page).
private struct MessageProgress {
    private(set) var count = 0
    private(set) var largestBytes = 0
    private var prefix: [UInt8] = []
    private var missing = 0
    private var length = 0

    /// Bytes of the message that has begun, its prefix included.
    var cutBytes: Int { prefix.count < 5 ? prefix.count : 5 + length - missing }

    mutating func take(_ bytes: ByteBuffer) {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            if prefix.count < 5 {
                guard let byte = bytes.readInteger(as: UInt8.self) else { return }
                prefix.append(byte)
                guard prefix.count == 5 else { continue }
                length = prefix[1...].reduce(0) { $0 << 8 | Int($1) }
                missing = length
                largestBytes = max(largestBytes, length)
            }
            let taken = min(missing, bytes.readableBytes)
            bytes.moveReaderIndex(forwardBy: taken)
            missing -= taken
            guard missing == 0 else { return }
            count += 1
            prefix.removeAll(keepingCapacity: true)
            length = 0
        }
    }
}

extension ByteBuffer {
    /// Takes the padding of a DATA or HEADERS payload away (RFC 9113 §6.1); padding that is too long leaves nothing.
    fileprivate mutating func removePadding(_ header: FrameReader.Header) {
        guard header.flags & RawFrame.padded != 0, let padding = readInteger(as: UInt8.self) else { return }
        self = getSlice(at: readerIndex, length: max(0, readableBytes - Int(padding))) ?? ByteBuffer()
    }

    /// The value of SETTINGS_INITIAL_WINDOW_SIZE in a SETTINGS payload, the last one of several.
    var initialWindow: Int? {
        var payload = self
        var window: Int?
        while let id = payload.readInteger(as: UInt16.self), let value = payload.readInteger(as: UInt32.self) {
            if id == 4 { window = Int(value) }
        }
        return window
    }
}
