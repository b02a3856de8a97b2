// SPDX-License-Identifier: Apache-2.0

internal import CProtobufC
public import NIOCore

/// For generated code: takes the fields of one message and lays them out for protobuf-c.
///
/// The first argument of each method is the position of the field in the order of field numbers, counted from 0.
/// Valid only while the message is being encoded. A failure is kept and thrown by whoever started the encoding.
@safe
public struct ProtobufWriter {
    // Invariants: `block` is a block of `table` in the session's arena; `session` outlives the writer, because the runtime
    // makes writers only inside the closure that owns the session, and generated code does not keep them.
    @usableFromInline let block: UnsafeMutableRawPointer
    @usableFromInline let table: UnsafePointer<MessageTable>
    @usableFromInline let session: UnsafeMutablePointer<PackSession>

    @inlinable
    init(block: UnsafeMutableRawPointer, table: UnsafePointer<MessageTable>, session: UnsafeMutablePointer<PackSession>)
    {
        unsafe self.block = unsafe block
        unsafe self.table = unsafe table
        unsafe self.session = unsafe session
    }
}

// MARK: - Fields

extension ProtobufWriter {
    /// Writes a field without presence: the default is left out.
    @inlinable
    public func field<T: ProtobufValue>(_ index: Int, _ value: T) {
        guard !value.protobufIsDefault else { return }
        let entry = self.entry(index)
        value.protobufStore(in: slot(entry), for: self)
        // Floating-point fields have a flag, see `ProtobufFieldType.isFloatingPoint`.
        if entry.quantifierOffset != 0 { store(CInt(1), at: entry.quantifierOffset) }
    }

    /// Writes a field with presence: a message, or one declared `optional`.
    @inlinable
    public func optional<T: ProtobufValue>(_ index: Int, _ value: T?) {
        guard let value else { return }
        let entry = self.entry(index)
        value.protobufStore(in: slot(entry), for: self)
        if entry.quantifierOffset != 0 { store(CInt(1), at: entry.quantifierOffset) }
    }

    /// Writes the set member of a oneof.
    @inlinable
    public func oneof<T: ProtobufValue>(_ index: Int, _ value: T) {
        let entry = self.entry(index)
        value.protobufStore(in: slot(entry), for: self)
        store(entry.number, at: entry.quantifierOffset)
    }

    /// Writes a repeated field.
    @inlinable
    public func repeated<T: ProtobufValue>(_ index: Int, _ values: [T]) {
        guard !values.isEmpty else { return }
        let entry = self.entry(index)
        guard let array = unsafe zeroed(elements: values.count, stride: T.protobufStride) else { return }
        var address = unsafe array
        for value in values {
            unsafe value.protobufStore(in: ProtobufSlot(address: address, fieldNumber: entry.number), for: self)
            // `address` stays inside the array, or just behind its last element.
            unsafe address += T.protobufStride
        }
        unsafe store(array, at: entry.offset)
        store(values.count, at: entry.quantifierOffset)
    }

    /// Writes a map field, its entries in the order of the dictionary.
    @inlinable
    public func map<Key: ProtobufValue, Value: ProtobufValue>(_ index: Int, _ values: [Key: Value]) {
        guard !values.isEmpty else { return }
        let entry = self.entry(index)
        let stride = MemoryLayout<UInt>.stride
        guard let array = unsafe zeroed(elements: values.count, stride: stride) else { return }
        var address = unsafe array
        for (key, value) in values {
            let slot = unsafe ProtobufSlot(address: address, fieldNumber: entry.number)
            if let child = unsafe entry.child, let nested = unsafe nested(child, in: slot) {
                nested.optional(0, key)
                nested.optional(1, value)
                nested.leave()
            } else {
                // Without its entry the array must not be used; `nested` has noted why.
                return
            }
            // `address` stays inside the array, or just behind its last element.
            unsafe address += stride
        }
        unsafe store(array, at: entry.offset)
        store(values.count, at: entry.quantifierOffset)
    }
}

// MARK: - Values

extension ProtobufWriter {
    @usableFromInline
    func storeString(_ value: String, in slot: ProtobufSlot) {
        let copied: Void? = unsafe value.utf8.withContiguousStorageIfAvailable { units in
            unsafe storeCopy(UnsafeRawBufferPointer(units), in: slot)
        }
        guard copied == nil else { return }
        // Strings of other runtimes only; on Linux all are contiguous.
        var contiguous = value
        contiguous.withUTF8 { units in unsafe storeCopy(UnsafeRawBufferPointer(units), in: slot) }
    }

    private func storeCopy(_ units: UnsafeRawBufferPointer, in slot: ProtobufSlot) {
        guard let source = units.baseAddress, units.count > 0,
            let copy = unsafe session.pointee.arena.allocate(units.count)
        else { return }
        unsafe copy.copyMemory(from: source, byteCount: units.count)
        unsafe slot.store(BlockBytes(address: copy, count: units.count))
    }

    @inlinable
    func storeBytes(_ value: ByteBuffer, in slot: ProtobufSlot) {
        guard value.readableBytes > 0 else { return }
        unsafe session.pointee.note(value)
        unsafe value.withUnsafeReadableBytesWithStorageManagement { bytes, _ in
            // The address stays valid: the buffer is part of the message, which `withPacking` keeps alive and nobody can
            // change meanwhile, so its storage neither moves nor goes away.
            unsafe slot.store(BlockBytes(address: bytes.baseAddress, count: bytes.count))
        }
    }

    @inlinable
    func nested(_ layout: ProtobufLayout, in slot: ProtobufSlot) -> ProtobufWriter? {
        unsafe nested(layout.table, in: slot)
    }

    /// Makes a block for a nested message and stores its address; nil, with the failure noted, if it is nested too deep.
    @usableFromInline
    func nested(_ table: UnsafePointer<MessageTable>, in slot: ProtobufSlot) -> ProtobufWriter? {
        guard unsafe session.pointee.failure == nil else { return nil }
        guard unsafe session.pointee.depth < ProtobufDecodingOptions.maximumNestingDepth else {
            unsafe session.pointee.failure = ProtobufError(
                .nestingTooDeep, messageName: self.table.pointee.name, fieldNumber: Int(slot.fieldNumber))
            return nil
        }
        guard let block = unsafe Self.makeBlock(table, session) else { return nil }
        unsafe session.pointee.depth += 1
        unsafe slot.store(block)
        return unsafe ProtobufWriter(block: block, table: table, session: session)
    }

    /// Ends a nested message.
    @inlinable
    func leave() {
        unsafe session.pointee.depth -= 1
    }
}

// MARK: - Blocks

extension ProtobufWriter {
    /// Starts the outermost message of an encoding.
    @usableFromInline
    init(outermost table: UnsafePointer<MessageTable>, session: UnsafeMutablePointer<PackSession>) {
        // Without a limit the arena never refuses.
        let block = unsafe Self.makeBlock(table, session).unsafelyUnwrapped
        unsafe self.init(block: block, table: table, session: session)
    }

    /// Ends the encoding's first half: the message is laid out and its length known; throws what was noted on the way.
    @usableFromInline
    func finish() throws(ProtobufError) -> ProtobufPacking {
        if let failure = unsafe session.pointee.failure { throw failure }
        let message = unsafe block.assumingMemoryBound(to: ProtobufCMessage.self)
        let byteCount = unsafe protobuf_c_message_get_packed_size(message)
        guard byteCount <= Int(Int32.max) else {
            throw unsafe ProtobufError(.messageTooLarge, messageName: table.pointee.name)
        }
        return unsafe ProtobufPacking(message: message, byteCount: byteCount, session: session)
    }

    private static func makeBlock(
        _ table: UnsafePointer<MessageTable>, _ session: UnsafeMutablePointer<PackSession>
    ) -> UnsafeMutableRawPointer? {
        let byteCount = unsafe table.pointee.blockBytes
        guard let block = unsafe session.pointee.arena.allocate(byteCount) else { return nil }
        unsafe block.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        // The descriptor is the first member of the base of every block.
        unsafe block.storeBytes(of: table.pointee.descriptor, as: UnsafeMutablePointer<ProtobufCMessageDescriptor>.self)
        return unsafe block
    }

    @inlinable
    func entry(_ index: Int) -> FieldEntry {
        // Generated code counts the same fields as its layout; a mistake there must not write outside the block.
        unsafe precondition(index >= 0 && index < table.pointee.fieldCount, "a message has no such field")
        return unsafe table.pointee.entries[index]
    }

    @inlinable
    func slot(_ entry: FieldEntry) -> ProtobufSlot {
        unsafe ProtobufSlot(address: block + entry.offset, fieldNumber: entry.number)
    }

    @inlinable
    func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
        unsafe block.storeBytes(of: value, toByteOffset: offset, as: T.self)
    }

    @inlinable
    func zeroed(elements: Int, stride: Int) -> UnsafeMutableRawPointer? {
        // A Swift array of this many elements exists, and none of them is smaller in the array than in the block.
        guard let array = unsafe session.pointee.arena.allocate(elements &* stride) else { return nil }
        unsafe array.initializeMemory(as: UInt8.self, repeating: 0, count: elements &* stride)
        return unsafe array
    }
}
