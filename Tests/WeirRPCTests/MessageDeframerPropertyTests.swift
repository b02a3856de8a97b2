// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirRPC
import WeirTesting

@Suite("The message deframer under arbitrary input")
struct MessageDeframerPropertyTests {
    @Test("delivers what was framed, in any pieces and any rhythm", arguments: 0..<150 as Range<UInt64>)
    func anyPieces(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let largestPiece = [1, 7, 300, 16_384, 70_000][Int(seed % 5)]
        let sizes = largestPiece < 300 ? [0, 1, 2, 5, 40] : [0, 1, 5, 100, 1000, 9000]
        let messages = (0..<Int.random(in: 1...12, using: &random)).map { _ in
            random.bytes(sizes.randomElement(using: &random) ?? 0)
        }
        let stream = messages.reduce(into: [UInt8]()) { $0 += MessageDeframerTests.framed($1) }
        var deframer = MessageDeframer(maximumMessageBytes: 9000)
        var received: [ByteBuffer] = []
        var sent = 0
        var taken = 0
        while sent < stream.count {
            let piece = Array(stream[sent..<min(stream.count, sent + Int.random(in: 1...largestPiece, using: &random))])
            sent += piece.count
            switch UInt8.random(in: 0..<3, using: &random) {
            case 0: deframer.append(piece.span)
            case 1: piece.withUnsafeBytes { deframer.append($0) }
            default: deframer.append(ByteBuffer(bytes: piece))
            }
            // Not every append is followed by taking all there is: an application may be slow.
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let missing = deframer.missingBytes
                guard let message = try deframer.next() else {
                    #expect(missing > 0 || deframer.isAtMessageBoundary)
                    break
                }
                #expect(missing == 0)
                received.append(message)
                taken += message.readableBytes + MessagePrefix.byteCount
            }
            #expect(deframer.bufferedBytes == sent - taken)
        }
        while let message = try deframer.next() { received.append(message) }
        #expect(received.map { Array($0.readableBytesView) } == messages)
        #expect(deframer.isAtMessageBoundary)
    }

    @Test("never traps on bytes that are no messages", arguments: 0..<300 as Range<UInt64>)
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var deframer = MessageDeframer(maximumMessageBytes: 70_000, encoding: seed % 3 == 0 ? .gzip : .identity)
        var delivered = 0
        for _ in 0..<20 {
            var piece = random.bytes(Int.random(in: 0...40, using: &random))
            // Mostly zeros in front, so that many prefixes are acceptable.
            for index in piece.indices where random.next() % 3 != 0 { piece[index] = 0 }
            deframer.append(piece.span)
            do throws(RPCError) {
                while let message = try deframer.next() { delivered += message.readableBytes + 5 }
            } catch {
                #expect([.internalError, .resourceExhausted, .unimplemented].contains(error.code))
                #expect(deframer.bufferedBytes == 0)
                return
            }
            #expect(deframer.bufferedBytes >= 0)
            #expect(deframer.missingBytes >= 0)
        }
        #expect(delivered <= 20 * 40)
    }

    @Test("holds a message that comes one byte at a time in a storage of at most twice its size")
    func manySmallAppends() throws {
        let length = 60_000
        var deframer = MessageDeframer(maximumMessageBytes: length)
        deframer.append(MessageDeframerTests.prefix(length: UInt32(length)).span)
        var surprises = 0
        for index in 0..<length {
            if deframer.missingBytes != length - index { surprises += 1 }
            if try deframer.next() != nil { surprises += 1 }
            deframer.append([UInt8(truncatingIfNeeded: index)].span)
        }
        #expect(surprises == 0)
        let message = try #require(try deframer.next())
        #expect(message.readableBytesView.elementsEqual((0..<length).map { UInt8(truncatingIfNeeded: $0) }))
        #expect(message.storageCapacity <= 2 * (length + MessagePrefix.byteCount))
    }
}
