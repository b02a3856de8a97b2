// SPDX-License-Identifier: Apache-2.0

/// Metadata as it was received: where its names and values are in the block of the request's fields.
///
/// Most calls bring ten entries of which their handler reads one or none, so strings are made when they are asked for, and
/// nothing is copied. The block has the request's other fields too; it is bounded as they are.
final class PackedFields: Equatable, Sendable {
    /// Where the name and the value of an entry are.
    struct Slot: Sendable {
        private let nameStart: Int32
        private let nameEnd: Int32
        private let valueStart: Int32
        private let valueEnd: Int32
        /// Whether the value is bytes, which stand here in valid base64 without padding.
        let isBinary: Bool

        init(name: Range<Int>, value: Range<Int>, isBinary: Bool) {
            // A field section is bounded far below 2 GiB.
            nameStart = Int32(clamping: name.lowerBound)
            nameEnd = Int32(clamping: name.upperBound)
            valueStart = Int32(clamping: value.lowerBound)
            valueEnd = Int32(clamping: value.upperBound)
            self.isBinary = isBinary
        }

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    private let bytes: [UInt8]
    private let slots: [Slot]

    /// Metadata whose names and values, which have been checked, are at these places in `bytes`.
    init(_ bytes: [UInt8], _ slots: [Slot]) {
        self.bytes = bytes
        self.slots = slots
    }

    var count: Int { slots.count }

    /// The name and the value of an entry.
    func entry(at index: Int) -> (name: String, value: Metadata.Value) {
        let slot = slots[index]
        return (string(slot.name), value(of: slot))
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
    var headerListBytes: Int { slots.reduce(0) { $0 + $1.name.count + $1.value.count + 32 } }

    /// Visits the slots of a name until `body` returns false.
    private func forEachSlot(_ name: String, _ body: (Slot) -> Bool) {
        let count = name.utf8.count
        for slot in slots where slot.name.count == count {
            if bytes[slot.name].elementsEqual(name.utf8), !body(slot) { return }
        }
    }

    private func value(of slot: Slot) -> Metadata.Value {
        guard slot.isBinary else { return .string(string(slot.value)) }
        return .binary(Base64.decode(Array(bytes[slot.value]).span) ?? [])
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    static func == (left: PackedFields, right: PackedFields) -> Bool {
        left === right
            || left.slots.elementsEqual(right.slots) { one, other in
                one.isBinary == other.isBinary && left.bytes[one.name] == right.bytes[other.name]
                    && left.bytes[one.value] == right.bytes[other.value]
            }
    }
}
