// SPDX-License-Identifier: Apache-2.0

/// Metadata as it was received: names and values in one block of bytes.
///
/// Most calls bring ten entries of which their handler reads one or none, so strings are made when they are asked for.
final class PackedFields: Hashable, Sendable {
    struct Slot: Hashable, Sendable {
        var nameStart: Int32
        var valueStart: Int32
        var valueEnd: Int32
        /// Whether the value is bytes, which stand here in valid base64 without padding.
        var isBinary: Bool
    }

    private let bytes: [UInt8]
    private let slots: [Slot]

    private init(bytes: [UInt8], slots: [Slot]) {
        self.bytes = bytes
        self.slots = slots
    }

    /// Collects the fields of one request.
    struct Builder: Sendable {
        private var bytes: [UInt8] = []
        private var slots: [Slot] = []

        /// Adds a field whose name and value have been checked.
        mutating func append(name: Span<UInt8>, value: Span<UInt8>, isBinary: Bool) {
            if slots.isEmpty {
                // What most requests need, so that neither grows step by step.
                bytes.reserveCapacity(512)
                slots.reserveCapacity(16)
            }
            let start = bytes.count
            for index in name.indices { bytes.append(name[index]) }
            let middle = bytes.count
            for index in value.indices { bytes.append(value[index]) }
            // A field section is bounded far below 2 GiB.
            slots.append(
                Slot(
                    nameStart: Int32(clamping: start), valueStart: Int32(clamping: middle),
                    valueEnd: Int32(clamping: bytes.count), isBinary: isBinary))
        }

        /// The fields; nil without any.
        func finish() -> PackedFields? {
            slots.isEmpty ? nil : PackedFields(bytes: bytes, slots: slots)
        }
    }

    var count: Int { slots.count }

    /// The name and the value of an entry.
    func entry(at index: Int) -> (name: String, value: Metadata.Value) {
        let slot = slots[index]
        return (string(Int(slot.nameStart)..<Int(slot.valueStart)), value(of: slot))
    }

    /// The first value of a name, in lower case, that is text, or that is bytes.
    func first(_ name: String, isBinary: Bool) -> Metadata.Value? {
        var found: Metadata.Value?
        forEachSlot(name) { slot in
            guard slot.isBinary == isBinary else { return true }
            found = value(of: slot)
            return false
        }
        return found
    }

    /// All values of a name, in lower case.
    func values(_ name: String) -> [Metadata.Value] {
        var values: [Metadata.Value] = []
        forEachSlot(name) { slot in
            values.append(value(of: slot))
            return true
        }
        return values
    }

    /// What the entries count in a header list, as ``Metadata/headerListBytes``.
    var headerListBytes: Int { bytes.count + 32 * slots.count }

    /// Visits the slots of a name until `body` returns false.
    private func forEachSlot(_ name: String, _ body: (Slot) -> Bool) {
        let count = name.utf8.count
        for slot in slots where Int(slot.valueStart - slot.nameStart) == count {
            let candidate = bytes[Int(slot.nameStart)..<Int(slot.valueStart)]
            if candidate.elementsEqual(name.utf8), !body(slot) { return }
        }
    }

    private func value(of slot: Slot) -> Metadata.Value {
        let range = Int(slot.valueStart)..<Int(slot.valueEnd)
        guard slot.isBinary else { return .string(string(range)) }
        return .binary(Base64.decode(Array(bytes[range]).span) ?? [])
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    static func == (left: PackedFields, right: PackedFields) -> Bool {
        left === right || (left.slots == right.slots && left.bytes == right.bytes)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
