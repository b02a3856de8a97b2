// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// What all writers of one encoding share.
@usableFromInline
@safe
struct PackSession {
    @usableFromInline var arena: Arena
    /// How many messages enclose the one being written, itself included.
    @usableFromInline var depth = 1
    /// The length of the longest `bytes` field so far, in bytes.
    @usableFromInline var largestBytesField = 0
    /// The first of the `bytes` fields that may be worth handing over uncopied; most messages have none or one.
    @usableFromInline var firstSlice: ByteBuffer?
    /// What few messages need.
    @usableFromInline var rarities: Rarities?

    /// Shorter fields are never handed over as slices, in bytes: remembering them costs more than copying.
    @inlinable static var smallestSlice: Int { 1024 }

    @usableFromInline
    final class Rarities {
        var failure: ProtobufError?
        /// The `bytes` fields after the first, in the order in which they are encoded.
        var furtherSlices: [ByteBuffer] = []
    }

    @inlinable
    init(arena: Arena) {
        self.arena = arena
    }

    @inlinable
    mutating func note(_ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        largestBytesField = max(largestBytesField, count)
        guard count >= Self.smallestSlice else { return }
        if firstSlice == nil { firstSlice = bytes } else { noteFurther(bytes) }
    }

    @usableFromInline
    mutating func noteFurther(_ bytes: ByteBuffer) {
        withRarities { $0.furtherSlices.append(bytes) }
    }

    /// The first failure, which ends the encoding.
    var failure: ProtobufError? {
        get { rarities?.failure }
        set { withRarities { $0.failure = newValue } }
    }

    private mutating func withRarities(_ body: (Rarities) -> Void) {
        let rarities = self.rarities ?? Rarities()
        self.rarities = rarities
        body(rarities)
    }

    /// The `index`th remembered field, or nil after the last.
    func slice(_ index: Int) -> ByteBuffer? {
        if index == 0 { return firstSlice }
        guard let further = rarities?.furtherSlices, further.indices.contains(index - 1) else { return nil }
        return further[index - 1]
    }
}
