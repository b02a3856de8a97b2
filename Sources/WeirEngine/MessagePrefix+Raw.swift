// SPDX-License-Identifier: Apache-2.0

internal import WeirRPC

extension MessagePrefix {
    /// The most bytes a message with its prefix can have: the prefix's length field has 32 bits.
    static let maximumTotalBytes = Int(UInt32.max)

    /// Writes a message's prefix: a flag byte, 1 if it is compressed, then the length, most significant byte first.
    @inline(__always)
    static func write(length: Int, isCompressed: Bool = false, into space: UnsafeMutableRawBufferPointer) {
        let length = UInt32(truncatingIfNeeded: length)
        unsafe space[0] = isCompressed ? 1 : 0
        unsafe space.storeBytes(of: length.bigEndian, toByteOffset: 1, as: UInt32.self)
    }
}
