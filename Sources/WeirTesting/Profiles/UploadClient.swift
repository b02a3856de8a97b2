// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirRPC

/// Streams messages up as a well-behaved client does: no further than the server's windows, whatever its pace; reads everything.
///
/// A good server takes what its handler takes, holds a window of it at most, and answers when it likes.
public struct UploadClient: ClientProfile {
    /// When a message goes out, provided that the windows let it.
    public enum Pace: Sendable, Hashable {
        /// As soon as they do.
        case atOnce
        /// One in each interval, the first one at once.
        case every(Duration)
        /// When the server has answered the one before with a message.
        case afterReply
    }

    /// The profile's name.
    public static let name = "upload"

    /// Its calls, of which it uses the fields alone.
    public var session: ClientSession
    private let pace: Pace
    private let concurrency: Int
    private let halfCloseDelay: Duration?
    private let message: @Sendable (Int) -> [UInt8]?
    private var uploads: [Upload] = []
    private var connectionWindowBytes = 65_535
    private var initialWindowBytes = 65_535
    /// Whether it waits for its own kernel to take what it sent.
    private var waitsForKernel = false

    private static let tickTimer = 0
    private static let kernelTimer = 1
    /// Streams have odd numbers: theirs plus this one are the timers of their half-closes.
    private static let halfCloseTimer = 16
    private static let frameBytes = 16_384
    /// Most bytes that its own kernel has not taken before it rests.
    private static let unsentBytes = 256 * 1_024

    /// Makes a client that sends the messages that `message` makes, from number 0 until it gives nil, on so many streams at once.
    ///
    /// - Parameter halfCloseDelay: how long after the last message it ends its side of the stream; nil: never.
    public init(
        _ call: ClientCall, concurrency: Int = 1, pace: Pace = .atOnce, halfCloseDelay: Duration? = .zero,
        message: @escaping @Sendable (Int) -> [UInt8]?
    ) {
        session = ClientSession(call, calls: concurrency)
        self.pace = pace
        self.concurrency = concurrency
        self.halfCloseDelay = halfCloseDelay
        self.message = message
    }

    /// Makes a client that sends these messages.
    ///
    /// - Parameter halfCloseDelay: how long after the last message it ends its side of the stream; nil: never.
    public init(
        _ call: ClientCall, messages: [[UInt8]], pace: Pace = .atOnce, halfCloseDelay: Duration? = .zero
    ) {
        self.init(call, pace: pace, halfCloseDelay: halfCloseDelay) { number in
            messages.indices.contains(number) ? messages[number] : nil
        }
    }

    /// Answers a fact.
    public mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        if let over = session.keepHouse(fact, &client) { uploads.removeAll { $0.id == over } }
        session.returnCreditEarly(fact, &client)
        switch fact {
        case .connected: begin(&client)
        case .timer(let number): timerFired(number)
        case .frame(let header, let payload): note(header, payload)
        case .bytesRead, .closed: return
        }
        send(&client)
    }

    private mutating func begin(_ client: inout ClientCommands) {
        session.open(&client)
        for _ in 0..<concurrency {
            guard let id = session.beginHead(&client) else { break }
            uploads.append(Upload(id: id, windowBytes: initialWindowBytes, allowed: pace == .atOnce ? .max : 1))
        }
        if case .every(let interval) = pace { client.setTimer(after: interval, number: Self.tickTimer) }
    }

    private mutating func timerFired(_ number: Int) {
        switch number {
        case Self.tickTimer: ticked = true
        case Self.kernelTimer: waitsForKernel = false
        default:
            for index in uploads.indices where Int(uploads[index].id) + Self.halfCloseTimer == number {
                uploads[index].halfCloseIsDue = true
            }
        }
    }

    /// The timer of the pace fired, and is to be set again.
    private var ticked = false

    private mutating func note(_ header: FrameReader.Header, _ payload: ByteBuffer) {
        switch header.kind {
        case .settings where !header.isAcknowledgement:
            guard let bytes = payload.initialWindow else { return }
            for index in uploads.indices { uploads[index].windowBytes += bytes - initialWindowBytes }
            initialWindowBytes = bytes
        case .windowUpdate where header.stream == 0:
            connectionWindowBytes += Int(payload.firstNumber & 0x7FFF_FFFF)
        case .windowUpdate:
            update(header.stream) { $0.windowBytes += Int(payload.firstNumber & 0x7FFF_FFFF) }
        case .data where pace == .afterReply:
            update(header.stream) { upload in
                upload.replies.append(payload)
                while (try? upload.replies.next()) != nil { upload.allowed += 1 }
            }
        default:
            break
        }
    }

    private mutating func update(_ id: Int32, _ change: (inout Upload) -> Void) {
        guard let index = uploads.firstIndex(where: { $0.id == id }) else { return }
        change(&uploads[index])
    }

    // MARK: - Sending

    private mutating func send(_ client: inout ClientCommands) {
        if ticked {
            ticked = false
            for index in uploads.indices { uploads[index].allowed += 1 }
            if case .every(let interval) = pace, !uploads.isEmpty {
                client.setTimer(after: interval, number: Self.tickTimer)
            }
        }
        var room = Self.unsentBytes - client.unsentBytes
        var isMoving = true
        // In turns, a frame of each stream at a time.
        while isMoving, room > 0 {
            isMoving = false
            for index in uploads.indices where room > 0 {
                var upload = uploads[index]
                let count = sendFrame(&upload, &client)
                uploads[index] = upload
                room -= count
                if count > 0 { isMoving = true }
            }
        }
        if room <= 0, !waitsForKernel {
            waitsForKernel = true
            client.setTimer(after: .milliseconds(1), number: Self.kernelTimer)
        }
    }

    /// Sends what one frame of a stream may carry; returns the frame's size in bytes, 0 when there was none.
    private mutating func sendFrame(_ upload: inout Upload, _ client: inout ClientCommands) -> Int {
        if upload.pending.isEmpty { upload.takeMessage(message) }
        guard !upload.pending.isEmpty else {
            halfClose(&upload, &client)
            return 0
        }
        let count = min(Self.frameBytes, upload.pending.count, upload.windowBytes, connectionWindowBytes)
        guard count > 0 else { return 0 }
        client.send(.data(Array(upload.pending.prefix(count)), stream: upload.id))
        upload.pending.removeFirst(count)
        upload.windowBytes -= count
        connectionWindowBytes -= count
        return count + RawFrame.headerBytes
    }

    private func halfClose(_ upload: inout Upload, _ client: inout ClientCommands) {
        guard upload.isAtEnd, !upload.isHalfClosed, let halfCloseDelay else { return }
        if halfCloseDelay == .zero || upload.halfCloseIsDue {
            upload.isHalfClosed = true
            client.send(.data([], stream: upload.id, ends: true))
        } else if !upload.halfCloseIsSet {
            upload.halfCloseIsSet = true
            client.setTimer(after: halfCloseDelay, number: Int(upload.id) + Self.halfCloseTimer)
        }
    }
}

/// One stream of messages on its way up.
private struct Upload: Sendable {
    let id: Int32
    /// What the server lets the stream carry now.
    var windowBytes: Int
    /// Messages that the pace lets it send.
    var allowed: Int
    /// What is left of the message under way, its prefix included.
    var pending: ArraySlice<UInt8> = []
    var nextNumber = 0
    var isAtEnd = false
    var halfCloseIsSet = false
    var halfCloseIsDue = false
    var isHalfClosed = false
    var replies = MessageDeframer(maximumMessageBytes: 1 << 30)

    mutating func takeMessage(_ message: (Int) -> [UInt8]?) {
        guard allowed > 0, !isAtEnd else { return }
        guard let bytes = message(nextNumber) else {
            isAtEnd = true
            return
        }
        nextNumber += 1
        if allowed != .max { allowed -= 1 }
        pending = [0] + RawFrame.bigEndian(UInt32(clamping: bytes.count)) + bytes
    }
}
