// SPDX-License-Identifier: Apache-2.0

/// A field section (RFC 9113 §8.2): names and values in order, in one block of bytes.
///
/// A request brings about eight fields, most of which are only compared with known bytes. One block with offsets costs
/// one or two allocations instead of sixteen strings.
package struct HeaderFields: Sendable {
    private struct Slot: Sendable {
        var nameStart: Int32
        var valueStart: Int32
        var valueEnd: Int32
    }

    /// All names and values, one behind another.
    package private(set) var bytes: [UInt8] = []
    private var slots: [Slot] = []

    /// Makes an empty section.
    package init() {}

    /// Makes a section of these names and values.
    ///
    /// Names must be lowercase (RFC 9113 §8.2.1).
    package init(_ fields: [(name: String, value: String)]) {
        for field in fields { append(name: field.name, value: field.value) }
    }

    /// How many fields there are.
    package var count: Int { slots.count }

    /// The size that RFC 9113 §6.5.2 defines for SETTINGS_MAX_HEADER_LIST_SIZE: names, values and 32 bytes a field.
    package var listBytes: Int { bytes.count + 32 * slots.count }

    /// Appends a field.
    package mutating func append(name: String, value: String) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let middle = bytes.count
        bytes.append(contentsOf: value.utf8)
        appendSlot(start, middle)
    }

    /// Appends a field from raw bytes.
    package mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if slots.isEmpty {
            // What most requests need, so that neither grows step by step.
            bytes.reserveCapacity(Self.firstCapacityBytes)
            slots.reserveCapacity(24)
        }
        let start = bytes.count
        unsafe bytes.append(contentsOf: name)
        let middle = bytes.count
        unsafe bytes.append(contentsOf: value)
        appendSlot(start, middle)
    }

    /// Names and values of a request with ten entries of metadata, a token among them; it is kept with those.
    private static var firstCapacityBytes: Int { 736 }

    private mutating func appendSlot(_ start: Int, _ middle: Int) {
        slots.append(Slot(nameStart: Int32(start), valueStart: Int32(middle), valueEnd: Int32(bytes.count)))
    }

    /// Visits the fields in order, as the places of their names and values in ``bytes``.
    package func forEach(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
        for slot in slots {
            body(Int(slot.nameStart)..<Int(slot.valueStart), Int(slot.valueStart)..<Int(slot.valueEnd))
        }
    }

    /// The first value of this name, for logs and tests.
    package func first(_ name: String) -> String? {
        strings.first { $0.name == name }?.value
    }

    /// All fields as strings, for logs and tests.
    package var strings: [(name: String, value: String)] {
        slots.map { slot in
            (
                String(decoding: bytes[Int(slot.nameStart)..<Int(slot.valueStart)], as: UTF8.self),
                String(decoding: bytes[Int(slot.valueStart)..<Int(slot.valueEnd)], as: UTF8.self)
            )
        }
    }

    /// Hands out the block's address and, per field, where its name and value lie.
    ///
    /// The address lives as long as `body`.
    func withUnsafeFields<Result>(
        _ body: (_ base: UnsafePointer<UInt8>?, _ count: Int, _ range: (Int) -> (name: Range<Int>, value: Range<Int>))
            -> Result
    ) -> Result {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe body(buffer.baseAddress, slots.count) { index in
                let slot = slots[index]
                return (
                    Int(slot.nameStart)..<Int(slot.valueStart), Int(slot.valueStart)..<Int(slot.valueEnd)
                )
            }
        }
    }
}
