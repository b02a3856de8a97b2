// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirTesting

@testable import WeirHTTP2

@Suite("SendQueue")
struct SendQueueTests {
    private func append(_ bytes: [UInt8], to queue: inout SendQueue, _ spares: inout BufferPool) {
        queue.append(count: bytes.count, spares: &spares) { $0.copyBytes(from: bytes) }
    }

    @Test("small writes come out in order as one run of bytes")
    func coalesces() {
        var queue = SendQueue()
        var spares = BufferPool()
        var output = ByteBuffer()
        for value in UInt8(0)..<200 { append([value, value], to: &queue, &spares) }
        #expect(queue.byteCount == 400)
        queue.move(400, into: &output, spares: &spares)
        #expect(Array(output.readableBytesView) == (0..<200).flatMap { [UInt8($0), UInt8($0)] })
        #expect(queue.isEmpty)
    }

    @Test("slices keep their place between small writes")
    func slicesKeepOrder() {
        var queue = SendQueue()
        var spares = BufferPool()
        var output = ByteBuffer()
        append([1, 2], to: &queue, &spares)
        queue.append(slice: ByteBuffer(bytes: [3, 4, 5]))
        queue.append(slice: ByteBuffer())
        append([6], to: &queue, &spares)
        queue.append(slice: ByteBuffer(bytes: [7]))
        for _ in 0..<7 { queue.move(1, into: &output, spares: &spares) }
        #expect(Array(output.readableBytesView) == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test("moving more than is queued moves what is there", arguments: [(3, 2, 1), (3, 3, 0), (3, 4, 0)])
    func movesAtMostAll(queued: Int, asked: Int, left: Int) {
        var queue = SendQueue()
        var spares = BufferPool()
        var output = ByteBuffer()
        append([UInt8](repeating: 9, count: queued), to: &queue, &spares)
        queue.move(asked, into: &output, spares: &spares)
        #expect(queue.byteCount == left)
        #expect(output.readableBytes == queued - left)
    }

    @Test("an empty queue holds no memory: its buffer is back in the pool")
    func emptyQueueHoldsNothing() {
        var queue = SendQueue()
        var spares = BufferPool()
        var output = ByteBuffer()
        append([UInt8](repeating: 1, count: 5000), to: &queue, &spares)
        #expect(spares.heldBytes == 0)
        queue.move(5000, into: &output, spares: &spares)
        let held = spares.heldBytes
        #expect(held >= 5000)
        append([1], to: &queue, &spares)
        #expect(spares.heldBytes == 0)
        let dropped = queue.removeAll(spares: &spares)
        #expect(dropped == 1)
        #expect(spares.heldBytes == held)
        #expect(queue.isEmpty)
    }

    @Test("the pool keeps two buffers of at most 128 KiB and no more")
    func poolIsBounded() {
        let spares = BufferPool()
        for _ in 0...BufferPool.maximumBuffers { spares.give(ByteBufferAllocator().buffer(capacity: 1024)) }
        #expect(spares.heldBytes == BufferPool.maximumBuffers * 1024)
        let limit = BufferPool()
        limit.give(ByteBufferAllocator().buffer(capacity: BufferPool.maximumBufferBytes))
        #expect(limit.heldBytes == BufferPool.maximumBufferBytes)
        let beyond = BufferPool()
        beyond.give(ByteBufferAllocator().buffer(capacity: BufferPool.maximumBufferBytes + 1))
        #expect(beyond.heldBytes == 0)
    }

    @Test("behaves like an array of bytes under any sequence", arguments: 0..<20)
    func model(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var queue = SendQueue()
        var spares = BufferPool()
        var model: [UInt8] = []
        for _ in 0..<400 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let bytes = random.bytes(Int.random(in: 0...300, using: &random))
                append(bytes, to: &queue, &spares)
                model += bytes
            case 4:
                let bytes = random.bytes(Int.random(in: 0...20_000, using: &random))
                queue.append(slice: ByteBuffer(bytes: bytes))
                model += bytes
            case 5 where Int.random(in: 0..<10, using: &random) == 0:
                let dropped = queue.removeAll(spares: &spares)
                #expect(dropped == model.count)
                model = []
            default:
                var output = ByteBuffer()
                let count = Int.random(in: 0...max(1, min(model.count, 9000)), using: &random)
                queue.move(count, into: &output, spares: &spares)
                #expect(Array(output.readableBytesView) == Array(model.prefix(count)))
                model.removeFirst(min(count, model.count))
            }
            #expect(queue.byteCount == model.count)
            #expect(queue.isEmpty == model.isEmpty)
        }
    }
}
