// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// What all writers of one encoding share.
@usableFromInline
@safe
struct PackSession {
    @usableFromInline var arena: Arena
    /// How many messages enclose the one being written, itself included.
    @usableFromInline var depth = 1
    @usableFromInline var failure: ProtobufError?
    /// The length of the longest `bytes` field so far, in bytes.
    @usableFromInline var largestBytesField = 0
    /// The `bytes` fields that may be worth handing over uncopied, in the order in which they are encoded.
    ///
    /// One is the usual case, and costs no array.
    @usableFromInline var firstSlice: ByteBuffer?
    @usableFromInline var furtherSlices: [ByteBuffer] = []

    /// Shorter fields are never handed over as slices, in bytes: remembering them costs more than copying.
    @usableFromInline static let smallestSlice = 1024

    @inlinable
    init(arena: Arena) {
        self.arena = arena
    }

    @inlinable
    mutating func note(_ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        largestBytesField = max(largestBytesField, count)
        guard count >= Self.smallestSlice else { return }
        if firstSlice == nil { firstSlice = bytes } else { furtherSlices.append(bytes) }
    }

    /// The `index`th remembered field, or nil after the last.
    func slice(_ index: Int) -> ByteBuffer? {
        if index == 0 { return firstSlice }
        return furtherSlices.indices.contains(index - 1) ? furtherSlices[index - 1] : nil
    }
}
