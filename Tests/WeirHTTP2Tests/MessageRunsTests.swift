// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirTesting

@testable import WeirHTTP2

@Suite("Messages in a send queue")
struct MessageRunsTests {
    @Test("a message counts until its last byte is taken")
    func countsUntilLastByte() {
        var runs = MessageRuns()
        runs.append(10)
        runs.append(10)
        runs.append(3)
        runs.taken(9)
        #expect(runs.count == 3)
        runs.taken(1)
        #expect(runs.count == 2)
        runs.taken(12)
        #expect(runs.count == 1)
        runs.taken(1)
        #expect(runs.count == 0)
    }

    @Test("any cut of any messages counts those that have bytes left", arguments: UInt64(1)...20)
    func agreesWithModel(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var runs = MessageRuns()
        var model: [Int] = []
        for _ in 0..<2000 {
            if Bool.random(using: &random) {
                let size = Int.random(in: 5...7, using: &random)
                runs.append(size)
                model.append(size)
            } else {
                var rest = Int.random(in: 0...min(40, model.reduce(0, +)), using: &random)
                runs.taken(rest)
                while rest > 0, let first = model.first {
                    let part = min(rest, first)
                    rest -= part
                    if part == first { model.removeFirst() } else { model[0] -= part }
                }
            }
            #expect(runs.count == model.count, "seed \(seed)")
        }
    }

    @Test("what little waits on a blocked stream is moved into a buffer of its size")
    func shrinks() {
        var queue = SendQueue()
        var spares = BufferPool()
        var output = ByteBuffer()
        queue.append(count: 2000, spares: &spares) { space in
            for index in 0..<2000 { space[index] = UInt8(truncatingIfNeeded: index) }
        }
        queue.move(1900, into: &output, spares: &spares)
        #expect(queue.tailCapacityBytes >= 2000)
        queue.shrink(spares: &spares)
        #expect(spares.heldBytes >= 2000, "the large buffer goes to the next stream")
        #expect(queue.tailCapacityBytes <= 128)
        queue.move(100, into: &output, spares: &spares)
        #expect(Array(output.readableBytesView) == (0..<2000).map { UInt8(truncatingIfNeeded: $0) })
    }
}
