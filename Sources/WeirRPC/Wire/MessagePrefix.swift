// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The five bytes before each message: a flag, then the length (gRPC specification, Length-Prefixed-Message).
package enum MessagePrefix {
    /// The length of a prefix in bytes.
    package static var byteCount: Int { 5 }

    /// Appends the prefix of an uncompressed message of `length` bytes.
    package static func write(length: UInt32, into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(UInt8(0), length)
    }

    /// Overwrites the five bytes at `index`, kept free while the message was serialised behind them.
    package static func set(length: UInt32, at index: Int, in buffer: inout ByteBuffer) {
        buffer.setInteger(UInt8(0), at: index)
        buffer.setInteger(length, at: index + 1)
    }
}
