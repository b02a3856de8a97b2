// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// For generated code: gives the fields of one message as protobuf-c unpacked them.
///
/// The first argument of each method is the position of the field in the order of field numbers, counted from 0.
/// Valid only while the message is being decoded.
@safe
public struct ProtobufReader {
    // Invariants: `block` is a block of `table` that protobuf-c filled, in the session's arena; `session` outlives the
    // reader, because the runtime makes readers only inside the closure that owns the session.
    @usableFromInline let block: UnsafeMutableRawPointer
    @usableFromInline let table: UnsafePointer<MessageTable>
    @usableFromInline let session: UnsafeMutablePointer<UnpackSession>

    @inlinable
    init(
        block: UnsafeMutableRawPointer, table: UnsafePointer<MessageTable>,
        session: UnsafeMutablePointer<UnpackSession>
    ) {
        unsafe self.block = unsafe block
        unsafe self.table = unsafe table
        unsafe self.session = unsafe session
    }
}

// MARK: - Fields

extension ProtobufReader {
    /// Reads a field without presence.
    @inlinable
    public func field<T: ProtobufValue>(_ index: Int) throws(ProtobufError) -> T {
        try T.protobufLoad(from: slot(entry(index)), by: self)
    }

    /// Reads a field with presence: a message, or one declared `optional`.
    @inlinable
    public func optional<T: ProtobufValue>(_ index: Int) throws(ProtobufError) -> T? {
        let entry = self.entry(index)
        // Messages have no flag: they are there if their address is.
        let isPresent =
            entry.quantifierOffset != 0
            ? load(CInt.self, at: entry.quantifierOffset) != 0
            : load(UInt.self, at: entry.offset) != 0
        return isPresent ? try T.protobufLoad(from: slot(entry), by: self) : nil
    }

    /// Whether this member of a oneof is the set one.
    @inlinable
    public func isSet(oneof index: Int) -> Bool {
        let entry = self.entry(index)
        return load(UInt32.self, at: entry.quantifierOffset) == entry.number
    }

    /// Reads a repeated field.
    @inlinable
    public func repeated<T: ProtobufValue>(_ index: Int) throws(ProtobufError) -> [T] {
        let entry = self.entry(index)
        let count = load(Int.self, at: entry.quantifierOffset)
        guard count > 0, var address = unsafe load(UnsafeMutableRawPointer?.self, at: entry.offset) else { return [] }
        var values: [T] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            values.append(
                try T.protobufLoad(from: unsafe ProtobufSlot(address: address, fieldNumber: entry.number), by: self))
            // `address` stays inside the array of `count` elements, or just behind its last one.
            unsafe address += T.protobufStride
        }
        return values
    }

    /// Reads a map field; of entries with the same key the last one stays.
    @inlinable
    public func map<Key: ProtobufValue & Hashable, Value: ProtobufValue>(
        _ index: Int
    ) throws(ProtobufError) -> [Key: Value] {
        let entry = self.entry(index)
        let count = load(Int.self, at: entry.quantifierOffset)
        guard count > 0, var address = unsafe load(UnsafeMutableRawPointer?.self, at: entry.offset),
            let child = unsafe entry.child
        else { return [:] }
        var values: [Key: Value] = [:]
        values.reserveCapacity(count)
        for _ in 0..<count {
            let slot = unsafe ProtobufSlot(address: address, fieldNumber: entry.number)
            if let nested = unsafe nested(child, in: slot) {
                let key: Key = try nested.field(0)
                values[key] = try nested.field(1)
            }
            // `address` stays inside the array of `count` elements, or just behind its last one.
            unsafe address += MemoryLayout<UInt>.stride
        }
        return values
    }
}

// MARK: - Values

extension ProtobufReader {
    @usableFromInline
    func loadString(from slot: ProtobufSlot) throws(ProtobufError) -> String {
        let stored = slot.load(as: BlockBytes.self)
        guard stored.count > 0, let address = unsafe stored.address else { return "" }
        // protobuf-c has copied `count` bytes to the arena.
        let units = unsafe UnsafeBufferPointer(
            start: address.assumingMemoryBound(to: UInt8.self), count: stored.count)
        guard let string = unsafe String(validating: units, as: UTF8.self) else {
            throw unsafe ProtobufError(
                .invalidUTF8, messageName: table.pointee.name, fieldNumber: Int(slot.fieldNumber))
        }
        return string
    }

    @usableFromInline
    func loadBytes(from slot: ProtobufSlot) -> ByteBuffer {
        let stored = slot.load(as: BlockBytes.self)
        guard stored.count > 0, let address = unsafe stored.address else { return ByteBuffer() }
        guard unsafe session.pointee.hasReferences else {
            return unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(start: address, count: stored.count))
        }
        // The rewriter put a reference in the place of each `bytes` field.
        let reference = unsafe address.loadUnaligned(as: PayloadReference.self)
        let count = Int(reference.count)
        let start = unsafe session.pointee.bytes.readerIndex + Int(reference.offset)
        guard let slice = unsafe session.pointee.bytes.getSlice(at: start, length: count) else { return ByteBuffer() }
        guard unsafe count < session.pointee.sliceFrom else { return slice }
        return ByteBuffer(bytes: slice.readableBytesView)
    }

    @inlinable
    func nested(_ layout: ProtobufLayout, in slot: ProtobufSlot) -> ProtobufReader? {
        unsafe nested(layout.table, in: slot)
    }

    @inlinable
    func nested(_ table: UnsafePointer<MessageTable>, in slot: ProtobufSlot) -> ProtobufReader? {
        guard let block = unsafe slot.load(as: UnsafeMutableRawPointer?.self) else { return nil }
        return unsafe ProtobufReader(block: block, table: table, session: session)
    }
}

// MARK: - Blocks

extension ProtobufReader {
    @inlinable
    func entry(_ index: Int) -> FieldEntry {
        // Generated code counts the same fields as its layout; a mistake there must not read outside the block.
        unsafe precondition(index >= 0 && index < table.pointee.fieldCount, "a message has no such field")
        return unsafe table.pointee.entries[index]
    }

    @inlinable
    func slot(_ entry: FieldEntry) -> ProtobufSlot {
        unsafe ProtobufSlot(address: block + entry.offset, fieldNumber: entry.number)
    }

    @inlinable
    func load<T: BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        unsafe block.load(fromByteOffset: offset, as: T.self)
    }
}
