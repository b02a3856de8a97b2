// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// A client that knows frames and nothing else: it keeps what it receives and sends what a test tells it to.
public final class RawPeer {
    /// How much of what is received is kept.
    public enum Keeping: Sendable {
        /// Every frame and every byte: for tests of a few streams.
        case everything
        /// Numbers, and the fields that ended a response: for thousands of clients.
        ///
        /// Of responses that are over, the last ``RawPeer/keptResponses`` are kept.
        case counts
    }

    /// What came back on one stream.
    public struct Response: Sendable {
        /// The field sections, in order; when only counts are kept, the last one.
        public internal(set) var sections: [[String: String]] = []
        /// The payload of all DATA; empty when only counts are kept.
        public internal(set) var data: [UInt8] = []
        /// Bytes of DATA.
        public internal(set) var dataBytes = 0
        /// The payload sizes of the DATA frames; empty when only counts are kept.
        public internal(set) var dataFrames: [Int] = []
        /// Whether the server ended its side.
        public internal(set) var ended = false
        /// The error code of the server's RST_STREAM.
        public internal(set) var reset: UInt32?
        /// The order of what happened, one letter each: H(eaders), D(ata), R(eset).
        ///
        /// Empty when only counts are kept.
        public internal(set) var order = ""

        /// Makes the response of a stream on which nothing came.
        public init() {}

        /// The value of `grpc-status` in the last field section.
        public var status: String? { sections.last?["grpc-status"] }
        /// The value of `grpc-message` in the last field section, as it was sent.
        public var message: String? { sections.last?["grpc-message"] }

        /// The payload sizes of the whole messages received, and how many bytes of a cut one are left.
        public var messages: (sizes: [Int], rest: Int) {
            var sizes: [Int] = []
            var position = 0
            while data.count - position >= 5 {
                let length = data[(position + 1)..<(position + 5)].reduce(0) { $0 << 8 | Int($1) }
                guard data.count - position - 5 >= length else { break }
                sizes.append(length)
                position += 5 + length
            }
            return (sizes, data.count - position)
        }
    }

    /// Most responses that are over and still kept when only counts are.
    public static let keptResponses = 16

    /// The frames received, in order; empty when only counts are kept.
    public private(set) var frames: [RawFrame] = []
    /// What came back, by stream.
    public private(set) var responses: [Int32: Response] = [:]
    /// Credit received, by stream; 0 is the connection, and the only one kept when only counts are.
    public private(set) var credit: [Int32: Int] = [:]

    private let keeping: Keeping
    private let decoder = FieldDecoder()
    private var reader = FrameReader()
    private var frameCounts = [Int](repeating: 0, count: RawFrame.Kind.allCases.count)
    private var over: [Int32] = []
    /// A field section that goes on in CONTINUATION.
    private var begunSection: (header: FrameReader.Header, block: [UInt8])?

    /// Largest field section that is taken, less a frame, in bytes.
    private static let maximumSectionBytes = 1 << 20

    /// Makes a peer that has received nothing.
    public init(keeping: Keeping = .everything) {
        self.keeping = keeping
    }

    /// What came back on this stream.
    public subscript(stream: Int32) -> Response { responses[stream] ?? Response() }

    /// How many frames of this type were received.
    public func count(_ kind: RawFrame.Kind) -> Int { frameCounts[Int(kind.rawValue)] }

    /// Takes bytes of the server's output; returns false when they are not frames.
    public func receive(_ bytes: some Collection<UInt8>) -> Bool {
        receive(ByteBuffer(bytes: bytes)) { _, _ in }
    }

    /// Takes bytes of the server's output and hands out each whole frame after it was noted.
    ///
    /// Returns false when they are not frames.
    public func receive(
        _ bytes: ByteBuffer, _ body: (_ header: FrameReader.Header, _ payload: ByteBuffer) -> Void
    ) -> Bool {
        reader.receive(bytes) { header, payload in
            guard note(header, payload) else { return false }
            body(header, payload)
            return true
        }
    }

    private func note(_ header: FrameReader.Header, _ payload: ByteBuffer) -> Bool {
        frameCounts[Int(header.kind.rawValue)] += 1
        if keeping == .everything {
            frames.append(
                RawFrame(
                    kind: header.kind, flags: header.flags, stream: header.stream,
                    payload: Array(payload.readableBytesView)))
        }
        switch header.kind {
        case .headers where header.flags & RawFrame.endHeaders == 0:
            begunSection = (header, Array(payload.readableBytesView))
            return true
        case .continuation:
            return noteContinuation(header, payload)
        case .headers:
            guard let fields = decoder.decode(Array(payload.readableBytesView)) else { return false }
            noteFields(Dictionary(fields.map { ($0.name, $0.value) }) { $1 }, stream: header.stream)
        case .data:
            noteData(payload, stream: header.stream)
        case .rstStream:
            responses[header.stream, default: Response()].reset = payload.firstNumber
            if keeping == .everything { responses[header.stream, default: Response()].order += "R" }
        case .windowUpdate:
            if keeping == .everything || header.stream == 0 {
                credit[header.stream, default: 0] += Int(payload.firstNumber)
            }
            return true
        default:
            return true
        }
        if header.endsStream { responses[header.stream, default: Response()].ended = true }
        if header.endsStream || header.kind == .rstStream { responseIsOver(header.stream) }
        return true
    }

    /// A field section goes on, and may end (RFC 9113 §6.10).
    private func noteContinuation(_ header: FrameReader.Header, _ payload: ByteBuffer) -> Bool {
        guard let begun = begunSection, begun.header.stream == header.stream,
            begun.block.count <= Self.maximumSectionBytes
        else { return false }
        let block = begun.block + payload.readableBytesView
        begunSection = (begun.header, block)
        guard header.flags & RawFrame.endHeaders != 0 else { return true }
        begunSection = nil
        guard let fields = decoder.decode(block) else { return false }
        noteFields(Dictionary(fields.map { ($0.name, $0.value) }) { $1 }, stream: header.stream)
        if begun.header.endsStream {
            responses[header.stream, default: Response()].ended = true
            responseIsOver(header.stream)
        }
        return true
    }

    private func noteFields(_ fields: [String: String], stream: Int32) {
        if keeping == .counts { responses[stream, default: Response()].sections.removeAll() }
        responses[stream, default: Response()].sections.append(fields)
        if keeping == .everything { responses[stream, default: Response()].order += "H" }
    }

    private func noteData(_ payload: ByteBuffer, stream: Int32) {
        responses[stream, default: Response()].dataBytes += payload.readableBytes
        guard keeping == .everything else { return }
        responses[stream, default: Response()].data += payload.readableBytesView
        responses[stream, default: Response()].dataFrames.append(payload.readableBytes)
        responses[stream, default: Response()].order += "D"
    }

    private func responseIsOver(_ stream: Int32) {
        guard keeping == .counts, !over.contains(stream) else { return }
        over.append(stream)
        if over.count > Self.keptResponses { responses[over.removeFirst()] = nil }
    }
}

extension ByteBuffer {
    /// The first four bytes as a number, 0 if there are not so many: an error code or a window's increment.
    var firstNumber: UInt32 { getInteger(at: readerIndex, as: UInt32.self) ?? 0 }
}
