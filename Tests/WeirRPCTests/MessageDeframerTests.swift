// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirRPC

@Suite("The message deframer")
struct MessageDeframerTests {
    static func framed(_ payload: [UInt8], flags: UInt8 = 0) -> [UInt8] {
        let length = UInt32(payload.count)
        return [flags] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + payload
    }

    static func prefix(length: UInt32, flags: UInt8 = 0) -> [UInt8] {
        [flags] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) }
    }

    static func drain(_ deframer: inout MessageDeframer) throws(RPCError) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while let message = try deframer.next() { messages.append(Array(message.readableBytesView)) }
        return messages
    }

    private func code(_ deframer: inout MessageDeframer) -> StatusCode? {
        do throws(RPCError) {
            _ = try deframer.next()
            return nil
        } catch {
            return error.code
        }
    }

    @Test("reads what MessagePrefix writes")
    func prefixRoundTrip() throws {
        var buffer = ByteBuffer()
        MessagePrefix.write(length: 2, into: &buffer)
        #expect(buffer.readableBytes == MessagePrefix.byteCount)
        buffer.writeBytes([7, 8])
        var behind = ByteBuffer(repeating: 0xEE, count: 6)
        MessagePrefix.set(length: 0x0102_0304, at: 1, in: &behind)
        #expect(Array(behind.readableBytesView) == [0xEE, 0, 1, 2, 3, 4])
        var deframer = MessageDeframer(maximumMessageBytes: 10)
        deframer.append(buffer)
        #expect(try MessageDeframerTests.drain(&deframer) == [[7, 8]])
    }

    @Test("delivers messages whichever byte the stream is cut at", arguments: 0...23)
    func cutAnywhere(cut: Int) throws {
        let messages: [[UInt8]] = [[1, 2, 3], [], [4, 5, 6, 7, 8]]
        let bytes = messages.flatMap { MessageDeframerTests.framed($0) }
        #expect(bytes.count == 23)
        var deframer = MessageDeframer(maximumMessageBytes: 5)
        deframer.append(Array(bytes[..<cut]).span)
        var received = try MessageDeframerTests.drain(&deframer)
        deframer.append(ByteBuffer(bytes: bytes[cut...]))
        received += try MessageDeframerTests.drain(&deframer)
        #expect(received == messages)
        #expect(deframer.isAtMessageBoundary)
    }

    @Test("delivers messages that arrive byte by byte, and knows at each what is missing", arguments: [true, false])
    func byteByByte(asBuffers: Bool) throws {
        let bytes = MessageDeframerTests.framed([9, 9, 9])
        var deframer = MessageDeframer(maximumMessageBytes: 3)
        let missing = [4, 3, 2, 1, 3, 2, 1, 0]
        for (byte, expected) in zip(bytes, missing) {
            if asBuffers { deframer.append(ByteBuffer(bytes: [byte])) } else { deframer.append([byte].span) }
            #expect(deframer.missingBytes == expected)
            if expected > 0 {
                #expect(try deframer.next() == nil)
                #expect(deframer.missingBytes == expected)
                #expect(!deframer.isAtMessageBoundary)
            }
        }
        #expect(deframer.bufferedBytes == 8)
        #expect(try MessageDeframerTests.drain(&deframer) == [[9, 9, 9]])
        #expect(deframer.bufferedBytes == 0)
        #expect(deframer.missingBytes == 0)
    }

    @Test("counts what is buffered until it is taken")
    func counts() throws {
        var deframer = MessageDeframer(maximumMessageBytes: 100)
        deframer.append((MessageDeframerTests.framed([1]) + MessageDeframerTests.framed([2, 3]) + [0, 0]).span)
        #expect(deframer.bufferedBytes == 15)
        #expect(deframer.missingBytes == 0)
        _ = try deframer.next()
        #expect(deframer.bufferedBytes == 9)
        _ = try deframer.next()
        #expect(deframer.bufferedBytes == 2)
        #expect(deframer.missingBytes == 3)
        #expect(try deframer.next() == nil)
        #expect(deframer.bufferedBytes == 2)
        deframer.append([0, 0, 4, 1].span)
        #expect(try deframer.next() == nil)
        #expect(deframer.bufferedBytes == 6)
        #expect(deframer.missingBytes == 3)
    }

    @Test("does nothing with nothing")
    func empty() throws {
        var deframer = MessageDeframer(maximumMessageBytes: 0)
        deframer.append(ByteBuffer())
        deframer.append([UInt8]().span)
        #expect(try deframer.next() == nil)
        #expect(deframer.isAtMessageBoundary)
    }

    // MARK: - Limits

    @Test("takes a message at the limit and refuses one past it", arguments: [0, 1, 1000])
    func limit(limit: Int) throws {
        var deframer = MessageDeframer(maximumMessageBytes: limit)
        deframer.append(MessageDeframerTests.framed([UInt8](repeating: 1, count: limit)).span)
        #expect(try deframer.next()?.readableBytes == limit)
        deframer.append(MessageDeframerTests.prefix(length: UInt32(limit) + 1).span)
        #expect(deframer.missingBytes == 0)
        #expect(code(&deframer) == .resourceExhausted)
    }

    @Test(
        "refuses a huge length at its prefix, holding nothing",
        arguments: [
            64 << 20, 1 << 31, (1 << 31) - 1, UInt32.max,
        ] as [UInt32])
    func hugeLength(length: UInt32) {
        var deframer = MessageDeframer(maximumMessageBytes: 4 << 20)
        deframer.append(MessageDeframerTests.prefix(length: length).span)
        #expect(code(&deframer) == .resourceExhausted)
        #expect(deframer.bufferedBytes == 0)
        // The error stays, and what comes after it is not kept.
        deframer.append(MessageDeframerTests.framed([1]).span)
        deframer.append(ByteBuffer(bytes: [1, 2, 3]))
        #expect(deframer.bufferedBytes == 0)
        #expect(code(&deframer) == .resourceExhausted)
    }

    @Test("delivers the messages in front of a refused one first")
    func messagesBeforeError() throws {
        var deframer = MessageDeframer(maximumMessageBytes: 2)
        deframer.append((MessageDeframerTests.framed([1]) + MessageDeframerTests.framed([1, 2, 3])).span)
        #expect(try deframer.next()?.readableBytes == 1)
        #expect(code(&deframer) == .resourceExhausted)
    }

    @Test(
        "refuses compressed messages of a request that names no encoding, and unknown flags",
        arguments: [
            (1, .identity, .internalError), (1, .gzip, nil), (1, .deflate, nil), (2, .identity, .internalError),
            (2, .gzip, .internalError), (3, .gzip, .internalError), (0x80, .identity, .internalError),
            (0xFF, .gzip, .internalError), (0, .gzip, nil), (0, .identity, nil),
        ] as [(UInt8, CompressionAlgorithm, StatusCode?)])
    func flags(flags: UInt8, encoding: CompressionAlgorithm, expected: StatusCode?) {
        var deframer = MessageDeframer(maximumMessageBytes: 10, encoding: encoding)
        deframer.append(MessageDeframerTests.framed([1, 2], flags: flags).span)
        #expect(code(&deframer) == expected)
    }

    @Test("says of each message whether it is compressed")
    func compressedFlag() throws {
        var deframer = MessageDeframer(maximumMessageBytes: 10, encoding: .gzip)
        for flags: UInt8 in [1, 0, 1, 1, 0] {
            deframer.append(MessageDeframerTests.framed([1, 2], flags: flags).span)
        }
        var flags: [Bool] = []
        while try deframer.next() != nil { flags.append(deframer.messageIsCompressed) }
        #expect(flags == [true, false, true, true, false])
    }

    @Test(
        "takes a compressed message a little longer than the limit, for one that cannot be compressed",
        arguments: [0, 5_000])
    func compressedLimit(limit: Int) throws {
        let most = CompressionAlgorithm.maximumCompressedBytes(of: limit)
        #expect(most == limit + limit / 1024 + 64)
        var deframer = MessageDeframer(maximumMessageBytes: limit, encoding: .deflate)
        deframer.append(MessageDeframerTests.framed([UInt8](repeating: 1, count: most), flags: 1).span)
        #expect(try deframer.next()?.readableBytes == most)
        deframer.append(MessageDeframerTests.prefix(length: UInt32(most) + 1, flags: 1).span)
        #expect(code(&deframer) == .resourceExhausted)
    }

    // MARK: - Copies

    @Test("hands out a buffer's own storage when it holds whole messages")
    func noCopy() throws {
        var buffer = ByteBuffer()
        buffer.writeBytes(MessageDeframerTests.framed([UInt8](repeating: 3, count: 1000)))
        let address = buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        var deframer = MessageDeframer(maximumMessageBytes: 1000)
        deframer.append(buffer)
        let message = try #require(try deframer.next())
        #expect(message.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } == address + 5)
    }

    @Test("does not keep a large storage alive for a few bytes")
    func smallSliceOfLargeStorage() throws {
        var large = ByteBuffer(repeating: 0, count: 64 * 1024)
        large.setBytes(MessageDeframerTests.framed([1, 2]), at: 0)
        let slice = try #require(large.getSlice(at: 0, length: 7))
        var deframer = MessageDeframer(maximumMessageBytes: 2)
        deframer.append(slice)
        let message = try #require(try deframer.next())
        #expect(message.storageCapacity < 1024)
    }

    @Test("moves no more than the rest of an unfinished message when the storage is in use elsewhere")
    func restOfSharedStorage() throws {
        var buffer = ByteBuffer()
        buffer.writeBytes(MessageDeframerTests.framed([UInt8](repeating: 1, count: 60_000)))
        buffer.writeBytes(MessageDeframerTests.framed([2, 2]).prefix(6))
        var deframer = MessageDeframer(maximumMessageBytes: 60_000)
        deframer.append(buffer)
        let first = try #require(try deframer.next())
        #expect(try deframer.next() == nil)
        deframer.append([3].span)
        let second = try #require(try deframer.next())
        #expect(Array(second.readableBytesView) == [2, 3])
        #expect(second.storageCapacity < 1024)
        #expect(first.readableBytes == 60_000)
    }

    @Test("leaves messages that were handed out unchanged by what is appended later")
    func messagesAreStable() throws {
        var deframer = MessageDeframer(maximumMessageBytes: 100)
        var kept: [ByteBuffer] = []
        for round in 0..<50 as Range<UInt8> {
            let bytes = MessageDeframerTests.framed([round, round]) + MessageDeframerTests.framed([round])
            deframer.append(Array(bytes[..<9]).span)
            if let message = try deframer.next() { kept.append(message) }
            #expect(try deframer.next() == nil)
            deframer.append(Array(bytes[9...]).span)
            if let message = try deframer.next() { kept.append(message) }
        }
        #expect(kept.map { Array($0.readableBytesView) } == (0..<50).flatMap { [[$0, $0], [$0]] })
    }
}
