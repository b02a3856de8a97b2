// SPDX-License-Identifier: Apache-2.0

/// Writes the few Protocol Buffers messages that the protocol itself needs (the details of a status).
///
/// Messages of services are the business of WeirProtobuf. This module has no C library to lean on, and a few messages of
/// strings and integers are a page of code. As in proto3, a field with its default value is left out.
struct ProtobufWriter {
    /// What has been written so far.
    private(set) var bytes: [UInt8] = []

    /// Writes an `int32` or `int64` field; nothing when the value is zero.
    mutating func writeInteger(_ value: Int64, field: UInt32) {
        guard value != 0 else { return }
        writeTag(field: field, wireType: 0)
        writeVarint(UInt64(bitPattern: value))
    }

    /// Writes a `string` field; nothing when it is empty.
    mutating func writeString(_ value: String, field: UInt32) {
        guard !value.isEmpty else { return }
        writeTag(field: field, wireType: 2)
        writeVarint(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// Writes an element of a repeated `string` field, also when it is empty.
    mutating func writeElement(_ value: String, field: UInt32) {
        writeTag(field: field, wireType: 2)
        writeVarint(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// Appends fields that are serialised already.
    mutating func append(_ fields: [UInt8]) {
        bytes.append(contentsOf: fields)
    }

    /// Writes a `bytes` field; nothing when it is empty.
    mutating func writeBytes(_ value: [UInt8], field: UInt32) {
        guard !value.isEmpty else { return }
        writeTag(field: field, wireType: 2)
        writeVarint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Writes a message field with what `body` writes; also when that is nothing, since presence is information.
    mutating func writeMessage(field: UInt32, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        writeTag(field: field, wireType: 2)
        writeVarint(UInt64(inner.bytes.count))
        bytes.append(contentsOf: inner.bytes)
    }

    private mutating func writeTag(field: UInt32, wireType: UInt32) {
        writeVarint(UInt64(field << 3 | wireType))
    }

    private mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
