// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Cuts received bytes into frames (RFC 9113 §4.1).
///
/// Holds one unfinished frame at most: no more than ``maximumFrameBytes`` and its header.
public struct FrameReader {
    /// What stands in a frame's header.
    public struct Header: Equatable, Sendable {
        /// The frame's type.
        public var kind: RawFrame.Kind
        /// The frame's flags.
        public var flags: UInt8
        /// The stream's number; 0 is the connection.
        public var stream: Int32
        /// The payload's length in bytes.
        public var length: Int

        /// Whether the frame is the last of its stream in its direction.
        public var endsStream: Bool { (kind == .data || kind == .headers) && flags & RawFrame.endStream != 0 }

        /// Whether the frame acknowledges one of the other side's.
        public var isAcknowledgement: Bool {
            (kind == .settings || kind == .ping) && flags & RawFrame.acknowledge != 0
        }
    }

    /// The largest payload that is taken: a peer that announces no other limit gets no more (RFC 9113 §6.5.2).
    public static let maximumFrameBytes = 16_384

    private var pending = ByteBuffer()

    /// Makes a reader that has read nothing.
    public init() {}

    /// Takes bytes and hands out the frames that are whole; returns false when what came is no frame.
    public mutating func receive(
        _ bytes: ByteBuffer, _ body: (_ header: Header, _ payload: ByteBuffer) -> Bool
    ) -> Bool {
        var input = bytes
        if pending.readableBytes > 0 {
            pending.writeBuffer(&input)
            input = pending
            pending = ByteBuffer()
        }
        while input.readableBytes >= RawFrame.headerBytes {
            guard let length = Self.length(of: input), length <= Self.maximumFrameBytes else { return false }
            guard input.readableBytes >= RawFrame.headerBytes + length else { break }
            let header = Self.header(of: input, length: length)
            input.moveReaderIndex(forwardBy: RawFrame.headerBytes)
            guard let payload = input.readSlice(length: length) else { return false }
            // Frames of unknown types are ignored (RFC 9113 §4.1).
            if let header, !body(header, payload) { return false }
        }
        // A copy of its size: the rest of a frame must not keep all that was read alive.
        if input.readableBytes > 0 { pending.writeBuffer(&input) }
        return true
    }

    private static func length(of input: ByteBuffer) -> Int? {
        guard let high = input.getInteger(at: input.readerIndex, as: UInt8.self),
            let low = input.getInteger(at: input.readerIndex + 1, as: UInt16.self)
        else { return nil }
        return Int(high) << 16 | Int(low)
    }

    /// The header of a frame; nil when its type is not one of RFC 9113.
    private static func header(of input: ByteBuffer, length: Int) -> Header? {
        let start = input.readerIndex
        guard let number = input.getInteger(at: start + 3, as: UInt8.self), let kind = RawFrame.Kind(rawValue: number),
            let flags = input.getInteger(at: start + 4, as: UInt8.self),
            let stream = input.getInteger(at: start + 5, as: UInt32.self)
        else { return nil }
        return Header(kind: kind, flags: flags, stream: Int32(bitPattern: stream & 0x7FFF_FFFF), length: length)
    }
}
