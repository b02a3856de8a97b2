// SPDX-License-Identifier: Apache-2.0

package import NIOCore
internal import WeirTesting

/// Bytes that both sides know: any part of one table, found by seed and number.
package struct Pattern: Sendable {
    /// Largest payload, in bytes.
    package static let maximumPayloadBytes = 128 * 1024

    private let table: ByteBuffer
    private let payloadBytes: Int
    private let seed: UInt64

    private static let sharedTable: ByteBuffer = {
        var generator = SeededGenerator(seed: 0x7061_7474)
        return ByteBuffer(bytes: generator.bytes(2 * maximumPayloadBytes))
    }()

    /// Makes the pattern of payloads of this size, at most ``maximumPayloadBytes``.
    package init(seed: UInt64, payloadBytes: Int) {
        table = Self.sharedTable
        self.seed = seed
        self.payloadBytes = min(max(0, payloadBytes), Self.maximumPayloadBytes)
    }

    /// The payload of the chunk with this number: a slice, nothing is copied.
    package func payload(_ sequence: UInt64) -> ByteBuffer {
        let start = Int((seed &* 7919 &+ sequence &* 104_729) % UInt64(Self.maximumPayloadBytes))
        return table.getSlice(at: start, length: payloadBytes) ?? ByteBuffer()
    }
}
