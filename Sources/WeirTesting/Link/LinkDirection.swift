// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2

/// One direction of a link: the sender's kernel, the wire, the receiver's kernel.
///
///     write ──► unsent ──► on the wire ──► received ──► read
///               (low watermark)  (the receiver's free space)
///
/// As TCP does it: no more is on the wire than the receiver has announced room for, and room that its application makes by
/// reading is announced by the segment, not by the byte (RFC 1122 §4.2.3.3).
final class LinkDirection {
    /// Called when bytes or the end have come.
    var onReadable: () -> Void = {}
    /// Called when the sender's kernel, after it refused bytes, takes some again.
    var onWritable: () -> Void = {}

    private let configuration: LinkConfiguration.Direction
    private let events: EventQueue
    private var unsent = ByteQueue()
    private var received = ByteQueue()
    /// Bytes on the wire.
    private var travelling = 0
    /// Room at the receiver that the sender knows of.
    private var announced: Int
    /// Room that the receiver made and has not announced.
    private var unannounced = 0
    /// When the wire is free for the next segment.
    private var wireFreeAt: Int64 = 0
    private var transmissionIsScheduled = false
    private var sendingEnds = false
    private var endIsOnItsWay = false
    private var hasEnded = false
    private var wasRefused = false
    /// Nothing is delivered any more, and nobody is told.
    private var isDead = false
    /// Bytes that were delivered.
    private(set) var deliveredBytes: UInt64 = 0

    /// Bytes sent at a time: what the sender's kernel hands to its network card.
    private static let segmentBytes = 64 * 1024
    /// A receiver announces room from this size on; its peer's segments are not smaller.
    private static let announcementBytes = 1460

    init(_ configuration: LinkConfiguration.Direction, events: EventQueue) {
        self.configuration = configuration
        self.events = events
        announced = configuration.receiveBufferBytes
    }

    // MARK: - The sender

    /// Whether the sender's kernel would take a byte.
    var isWritable: Bool { freeBytes > 0 }

    /// Bytes in the sender's kernel that are not on the wire.
    var unsentBytes: Int { unsent.count }

    private var freeBytes: Int {
        guard !sendingEnds else { return 0 }
        return min(
            configuration.notSentLowWatermarkBytes - unsent.count,
            configuration.sendBufferBytes - unsent.count - travelling)
    }

    /// Hands bytes to the sender's kernel, which takes them from the front of `bytes` as far as it has room.
    func write(_ bytes: inout ByteBuffer) {
        let count = min(bytes.readableBytes, max(0, freeBytes))
        if count > 0, let part = bytes.readSlice(length: count) {
            unsent.append(part)
            transmit()
        }
        if bytes.readableBytes > 0 { wasRefused = true }
    }

    /// No more bytes will be written; the receiver learns of it behind the last one.
    func endSending() {
        guard !sendingEnds else { return }
        sendingEnds = true
        transmit()
    }

    private func transmit() {
        guard !isDead, !transmissionIsScheduled else { return }
        guard events.now >= wireFreeAt else {
            transmissionIsScheduled = true
            events.schedule(at: wireFreeAt) { [weak self] in
                self?.transmissionIsScheduled = false
                self?.transmit()
            }
            return
        }
        let count = min(unsent.count, announced, Self.segmentBytes)
        if count > 0, let segment = unsent.take(atMost: count) {
            send(segment)
            transmit()
        } else if unsent.isEmpty, sendingEnds, !endIsOnItsWay {
            endIsOnItsWay = true
            events.schedule(afterNanoseconds: latency) { [weak self] in self?.endArrived() }
        }
        tellWritable()
    }

    private func send(_ segment: ByteBuffer) {
        announced -= segment.readableBytes
        travelling += segment.readableBytes
        let (product, _) = segment.readableBytes.multipliedReportingOverflow(by: 1_000_000_000)
        wireFreeAt = events.now + Int64(product / max(1, configuration.bytesPerSecond))
        events.schedule(at: wireFreeAt + latency) { [weak self] in self?.arrived(segment) }
    }

    private func tellWritable() {
        guard wasRefused, 2 * unsent.count < configuration.notSentLowWatermarkBytes, freeBytes > 0 else { return }
        wasRefused = false
        onWritable()
    }

    private var latency: Int64 { configuration.latency.saturatedNanoseconds }

    // MARK: - The receiver

    /// Bytes that can be read now.
    var readableBytes: Int { received.count }

    /// Whether the end has come and everything before it was read.
    var isAtEnd: Bool { hasEnded && received.isEmpty }

    /// Takes up to `limit` bytes; nil when there are none.
    func read(atMost limit: Int) -> ByteBuffer? {
        guard let bytes = received.take(atMost: limit) else { return nil }
        unannounced += bytes.readableBytes
        let isWorthIt = unannounced >= min(Self.announcementBytes, configuration.receiveBufferBytes / 2)
        if isWorthIt || (received.isEmpty && travelling == 0 && announced == 0) {
            let count = unannounced
            unannounced = 0
            events.schedule(afterNanoseconds: latency) { [weak self] in self?.roomAnnounced(count) }
        }
        return bytes
    }

    private func arrived(_ segment: ByteBuffer) {
        guard !isDead else { return }
        travelling -= segment.readableBytes
        deliveredBytes &+= UInt64(segment.readableBytes)
        received.append(segment)
        onReadable()
        tellWritable()
    }

    private func endArrived() {
        guard !isDead else { return }
        hasEnded = true
        onReadable()
    }

    private func roomAnnounced(_ count: Int) {
        guard !isDead else { return }
        announced += count
        transmit()
    }

    // MARK: - The end of it all

    /// From now on nothing is delivered and nobody is told anything.
    func die() {
        isDead = true
        received.removeAll()
    }
}
