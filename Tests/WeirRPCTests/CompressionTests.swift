// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirRPC
import WeirTesting

@Suite("Compression of single messages")
struct CompressionTests {
    static let formats: [CompressionAlgorithm] = [.gzip, .deflate]

    /// Compresses a message in pieces of at most `piece` bytes.
    static func compress(_ bytes: [UInt8], _ algorithm: CompressionAlgorithm, piece: Int = .max) throws -> [UInt8] {
        let deflater = try #require(Deflater(algorithm))
        return try Array(compress(bytes, with: deflater, piece: piece).readableBytesView)
    }

    private static func compress(
        _ bytes: [UInt8], with deflater: Deflater, piece: Int = .max
    ) throws(RPCError) -> ByteBuffer {
        deflater.begin(into: ByteBuffer())
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(piece).withUnsafeBytes { deflater.add($0) }
            rest = rest.dropFirst(piece)
        }
        return try deflater.finish()
    }

    private func inflate(
        _ bytes: [UInt8], _ algorithm: CompressionAlgorithm, limit: Int = 1 << 20
    ) throws -> Result<[UInt8], Inflater.Failure> {
        let inflater = try #require(Inflater())
        return Result { () throws(Inflater.Failure) -> [UInt8] in
            Array(try inflater.inflate(ByteBuffer(bytes: bytes), algorithm, limit: limit).readableBytesView)
        }
    }

    private static func noise(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test("what was compressed comes out again, whatever its size and its pieces", arguments: formats)
    func roundTrip(algorithm: CompressionAlgorithm) throws {
        for count in [0, 1, 511, 512, 513, 70_000, 1 << 20] {
            for bytes in [[UInt8](repeating: 9, count: count), Self.noise(count)] {
                let compressed = try Self.compress(bytes, algorithm, piece: 10_007)
                #expect(try inflate(compressed, algorithm) == .success(bytes))
                #expect(compressed.count <= CompressionAlgorithm.maximumCompressedBytes(of: count))
            }
        }
    }

    @Test("the formats are told apart: gzip is RFC 1952, deflate RFC 1950, and neither passes for the other")
    func toldApart() throws {
        let text = Array("weir".utf8)
        let gzip = try Self.compress(text, .gzip)
        let zlib = try Self.compress(text, .deflate)
        #expect(gzip.starts(with: [0x1F, 0x8B, 8]))
        #expect(zlib[0] == 0x78)
        #expect((Int(zlib[0]) << 8 | Int(zlib[1])) % 31 == 0)
        #expect(try inflate(gzip, .deflate) == .failure(.corrupt))
        #expect(try inflate(zlib, .gzip) == .failure(.corrupt))
        // Raw DEFLATE (RFC 1951), which some call deflate too.
        #expect(try inflate(Array(zlib.dropFirst(2).dropLast(4)), .deflate) == .failure(.corrupt))
    }

    @Test(
        "a message starts afresh: the same bytes come out the same, whatever was compressed before", arguments: formats)
    func noContextTakeover(algorithm: CompressionAlgorithm) throws {
        let deflater = try #require(Deflater(algorithm))
        let bytes = Self.noise(3_000) + Self.noise(3_000)
        let first = try Self.compress(bytes, with: deflater)
        _ = try Self.compress(Self.noise(100_000, seed: 9), with: deflater)
        // Broken off in the middle.
        deflater.begin(into: ByteBuffer())
        bytes.withUnsafeBytes { deflater.add($0) }
        #expect(try Self.compress(bytes, with: deflater) == first)
    }

    @Test(
        "a message at the limit is taken and one past it is not, and no more than the limit is ever written",
        arguments: formats)
    func limit(algorithm: CompressionAlgorithm) throws {
        for limit in [0, 1, 511, 512, 4_096, 100_000] {
            let compressed = try Self.compress([UInt8](repeating: 1, count: limit), algorithm)
            #expect(try inflate(compressed, algorithm, limit: limit) == .success([UInt8](repeating: 1, count: limit)))
            let larger = try Self.compress([UInt8](repeating: 1, count: limit + 1), algorithm)
            #expect(try inflate(larger, algorithm, limit: limit) == .failure(.tooLarge))
        }
    }

    @Test(
        "a bomb of 256 MiB is given up at the limit, after the part of its bytes that leads there", arguments: formats)
    func bomb(algorithm: CompressionAlgorithm) throws {
        let deflater = try #require(Deflater(algorithm))
        deflater.begin(into: ByteBuffer())
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<256 { zeros.withUnsafeBytes { deflater.add($0) } }
        let bomb = try deflater.finish()
        #expect(bomb.readableBytes < 1 << 21)
        let inflater = try #require(Inflater())
        #expect(throws: Inflater.Failure.tooLarge) { try inflater.inflate(bomb, algorithm, limit: 1 << 16) }
        let error = Inflater.Failure.tooLarge.error(encoding: algorithm, limit: 1 << 16)
        #expect(error.code == .resourceExhausted)
        // The context is as good as before.
        let small = try Self.compress([1, 2], algorithm)
        #expect(Array(try inflater.inflate(ByteBuffer(bytes: small), algorithm, limit: 2).readableBytesView) == [1, 2])
    }

    @Test("a message that breaks off at any byte is incomplete", arguments: formats)
    func truncated(algorithm: CompressionAlgorithm) throws {
        for bytes in [Self.noise(600), [UInt8](repeating: 3, count: 600)] {
            let compressed = try Self.compress(bytes, algorithm)
            for count in 0..<compressed.count {
                #expect(try inflate(Array(compressed.prefix(count)), algorithm) == .failure(.incomplete))
                // Also where the limit is reached before it breaks off.
                let atLimit = try inflate(Array(compressed.prefix(count)), algorithm, limit: 600)
                #expect(atLimit == .failure(.incomplete))
            }
        }
    }

    @Test("bytes behind the end are not taken, a second member of gzip included", arguments: formats)
    func trailing(algorithm: CompressionAlgorithm) throws {
        let compressed = try Self.compress(Self.noise(600), algorithm)
        for limit in [600, 601, 1_200] {
            #expect(try inflate(compressed + [0], algorithm, limit: limit) == .failure(.trailingBytes))
            #expect(try inflate(compressed + compressed, algorithm, limit: limit) == .failure(.trailingBytes))
        }
    }

    @Test("a changed byte is found, or changes nothing that is looked at; nothing traps", arguments: formats)
    func corrupt(algorithm: CompressionAlgorithm) throws {
        let bytes = Self.noise(300) + [UInt8](repeating: 0, count: 300)
        let compressed = try Self.compress(bytes, algorithm)
        for position in compressed.indices {
            for bit in 0..<8 {
                var changed = compressed
                changed[position] ^= 1 << bit
                if case .success(let result) = try inflate(changed, algorithm) { #expect(result == bytes) }
            }
        }
        for seed in 0..<500 as Range<UInt64> {
            _ = try inflate(Self.noise(100, seed: seed), algorithm)
            _ = try inflate(compressed.prefix(12) + Self.noise(100, seed: seed), algorithm)
        }
    }

    @Test("what cannot be read is the client's fault, and says what is wrong")
    func errors() {
        let contexts = CompressionContexts()
        for (bytes, word) in [([1, 2, 3], "valid"), ([], "breaks off"), ([0x78], "breaks off")] as [([UInt8], String)] {
            do throws(RPCError) {
                _ = try contexts.inflate(ByteBuffer(bytes: bytes), .deflate, limit: 10)
                Issue.record("\(bytes) was taken")
            } catch {
                #expect(error.code == .internalError)
                #expect(error.message.contains(word))
                #expect(error.message.contains("deflate"))
            }
        }
    }

    @Test("the contexts of a loop are made once")
    func contexts() throws {
        let contexts = CompressionContexts()
        #expect(try contexts.deflater(.gzip) === contexts.deflater(.gzip))
        #expect(try contexts.deflater(.deflate) === contexts.deflater(.deflate))
        #expect(try contexts.deflater(.gzip) !== contexts.deflater(.deflate))
    }

    @Test(
        "a peer takes what it lists and nothing else",
        arguments: [
            (nil, false), ("", false), ("gzip", true), ("identity,deflate, gzip", true), ("gzip ,br", true),
            (" gzip", true), ("xgzip", false), ("gzipx", false), ("GZIP", false), ("gzip;q=1", false), ("gz ip", false),
            ("identity,deflate", false), (",,gzip,", true),
        ] as [(String?, Bool)])
    func accepted(list: String?, expected: Bool) {
        #expect(CompressionAlgorithm.gzip.isAccepted(by: list) == expected)
        #expect(CompressionAlgorithm.identity.isAccepted(by: list))
    }

    @Test("an encoding has the name that the protocol gives it")
    func names() {
        #expect(CompressionAlgorithm(encoding: nil) == .identity)
        for algorithm in CompressionAlgorithm.allCases {
            #expect(CompressionAlgorithm(encoding: algorithm.rawValue) == algorithm)
            #expect(algorithm.isAccepted(by: CompressionAlgorithm.acceptedNames))
        }
        for name in ["", "br", "snappy", "Gzip", "gzip,deflate"] {
            #expect(CompressionAlgorithm(encoding: name) == nil)
        }
    }
}
