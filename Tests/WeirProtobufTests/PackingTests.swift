// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirProtobuf

/// Large payloads are handed over and taken without being copied.
@Suite struct PackingTests {
    /// One piece of an encoded message.
    enum Piece: Equatable {
        case bytes([UInt8])
        case slice(ByteBuffer)
    }

    private func pieces(_ message: some ProtobufMessage, threshold: Int) throws -> [Piece] {
        try message.withPacking { packing in
            var pieces: [Piece] = []
            packing.pack(sliceThreshold: threshold) { run in
                if case .bytes(let earlier)? = pieces.last {
                    pieces[pieces.count - 1] = .bytes(earlier + Array(run))
                } else {
                    pieces.append(.bytes(Array(run)))
                }
            } slice: { slice in
                pieces.append(.slice(slice))
            }
            return pieces
        }
    }

    private func joined(_ pieces: [Piece]) -> [UInt8] {
        pieces.flatMap { piece in
            switch piece {
            case .bytes(let bytes): bytes
            case .slice(let slice): Array(slice.readableBytesView)
            }
        }
    }

    private func address(_ buffer: ByteBuffer) -> UInt? {
        buffer.withUnsafeReadableBytes { $0.baseAddress.map { UInt(bitPattern: $0) } }
    }

    private var message: Weir_Test_Lists {
        var message = Weir_Test_Lists()
        message.aInt32 = [1, 2, 3]
        message.aBytes = [1023, 1024, 4000, 4096, 0, 20_000].enumerated().map { index, count in
            ByteBuffer(repeating: UInt8(index), count: count)
        }
        message.aNested = [.init(), .init()]
        message.aNested[1].blob = ByteBuffer(repeating: 77, count: 5000)
        message.expanded = [9]
        return message
    }

    @Test("The size and the longest field are known before packing")
    func sizes() throws {
        try message.withPacking { packing in
            #expect(packing.byteCount == message.serializedByteCount)
            #expect(packing.largestBytesField == 20_000)
        }
        try Weir_Test_Lists().withPacking { packing in
            #expect(packing.byteCount == 0)
            #expect(packing.largestBytesField == 0)
        }
    }

    static let thresholds: [(threshold: Int, slices: [Int])] = [
        (Int.min, [1024, 4000, 4096, 20_000, 5000]),
        (1024, [1024, 4000, 4096, 20_000, 5000]),
        (4000, [4000, 4096, 20_000, 5000]),
        (4001, [4096, 20_000, 5000]),
        (5000, [20_000, 5000]),
        (5001, [20_000]),
        (20_001, []),
    ]

    @Test(
        "Fields of at least the threshold are slices, in order, and the rest are bytes", arguments: thresholds.indices)
    func slices(index: Int) throws {
        let (threshold, lengths) = Self.thresholds[index]
        let pieces = try pieces(message, threshold: threshold)
        let slices = pieces.compactMap { piece in
            if case .slice(let slice) = piece { slice } else { nil }
        }
        #expect(slices.map(\.readableBytes) == lengths)
        #expect(try joined(pieces) == encode(message))
    }

    @Test("A slice is the field itself and not a copy")
    func identity() throws {
        var chunk = Weir_Test_AllTypes()
        chunk.aBytes = ByteBuffer(repeating: 5, count: 16_384)
        let pieces = try pieces(chunk, threshold: 16_384)
        guard case .slice(let slice)? = pieces.last else {
            Issue.record("there is no slice")
            return
        }
        #expect(address(slice) == address(chunk.aBytes))
    }

    @Test("The same buffer twice is two slices")
    func twice() throws {
        var message = Weir_Test_Lists()
        let payload = ByteBuffer(repeating: 1, count: 3000)
        message.aBytes = [payload, payload]
        let pieces = try pieces(message, threshold: 2000)
        #expect(pieces.count == 4)
        #expect(try joined(pieces) == encode(message))
    }

    @Test("Packing writes exactly its size")
    func exactly() throws {
        let message = Weir_Test_AllTypes.filled
        var bytes = [UInt8](repeating: 0xaa, count: message.serializedByteCount + 16)
        let byteCount = try message.withPacking { packing in
            bytes.withUnsafeMutableBytes { packing.pack(into: $0) }
            return packing.byteCount
        }
        #expect(Array(bytes[..<byteCount]) == (try encode(message)))
        #expect(bytes[byteCount...].allSatisfy { $0 == 0xaa })
    }

    @Test("What the closure throws is thrown, and what it returns is returned")
    func closure() throws {
        struct Refused: Error {}
        #expect(throws: Refused.self) { try Weir_Test_Empty().withPacking { _ in throw Refused() } }
        #expect(try Weir_Test_Empty().withPacking { _ in 5 } == 5)
    }

    @Test("A large field of a received message is a slice of it, a small one a copy", arguments: [1023, 1024])
    func receivedSlices(count: Int) throws {
        var message = Weir_Test_Lists()
        message.aBytes = [ByteBuffer(repeating: 1, count: count), ByteBuffer(repeating: 2, count: 30_000)]
        var received = ByteBuffer(string: "prefix")
        try message.serialize(into: &received)
        received.moveReaderIndex(forwardBy: 6)
        let decoded = try Weir_Test_Lists(serialized: received)
        #expect(decoded == message)
        let start = try #require(address(received))
        let range = start..<start + UInt(received.readableBytes)
        #expect(range.contains(try #require(address(decoded.aBytes[0]))) == (count >= 1024))
        #expect(range.contains(try #require(address(decoded.aBytes[1]))))
    }

    @Test("A received message that is altered later does not change what was decoded from it")
    func independence() throws {
        var message = Weir_Test_AllTypes()
        message.aBytes = ByteBuffer(repeating: 3, count: 2000)
        var received = try message.serialized()
        let decoded = try Weir_Test_AllTypes(serialized: received)
        received.setRepeatingByte(0, count: received.readableBytes, at: received.readerIndex)
        #expect(decoded == message)
    }
}
