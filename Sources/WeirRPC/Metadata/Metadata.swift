// SPDX-License-Identifier: Apache-2.0

/// Names and values that travel with a call beside its messages, before them or in the trailers.
///
/// A name may occur more than once; the order among equal names is kept. Names are lower case and are looked up
/// whatever their case. A name that ends in `-bin` has bytes for its value, every other one printable ASCII text.
public struct Metadata: Hashable, Sendable {
    /// A value: text, or bytes under a name that ends in `-bin`.
    public enum Value: Hashable, Sendable {
        /// Printable ASCII without white space at its ends.
        case string(String)
        /// Any bytes; base64 on the wire.
        case binary([UInt8])
    }

    private struct Entry: Hashable, Sendable {
        var name: String
        var value: Value
    }

    private var entries: [Entry] = []

    /// Metadata without entries; allocates nothing.
    public init() {}

    /// Adds a text value behind those that the name may have.
    ///
    /// Spaces at both ends are dropped. Throws `MetadataError` when the name is malformed, reserved or binary, or when
    /// the value is not printable ASCII.
    public mutating func add(name: String, value: String) throws(MetadataError) {
        try add(name: name, value: .string(value))
    }

    /// Adds a value of bytes behind those that the name may have.
    ///
    /// Throws `MetadataError` when the name is malformed or reserved, or does not end in `-bin`.
    public mutating func add(name: String, binary: [UInt8]) throws(MetadataError) {
        try add(name: name, value: .binary(binary))
    }

    /// Adds a value behind those that the name may have.
    ///
    /// Throws `MetadataError` when the name is malformed or reserved, or does not suit the value.
    public mutating func add(name: String, value: Value) throws(MetadataError) {
        let entry = try Metadata.checked(name: name, value: value)
        entries.append(entry)
    }

    /// Puts a text value in the place of all that the name had.
    ///
    /// Throws as `add(name:value:)`, and then changes nothing.
    public mutating func replace(name: String, value: String) throws(MetadataError) {
        try replace(name: name, value: .string(value))
    }

    /// Puts a value of bytes in the place of all that the name had.
    ///
    /// Throws as `add(name:binary:)`, and then changes nothing.
    public mutating func replace(name: String, binary: [UInt8]) throws(MetadataError) {
        try replace(name: name, value: .binary(binary))
    }

    /// Puts a value in the place of all that the name had.
    ///
    /// Throws as `add(name:value:)`, and then changes nothing.
    public mutating func replace(name: String, value: Value) throws(MetadataError) {
        let entry = try Metadata.checked(name: name, value: value)
        entries.removeAll { $0.name == entry.name }
        entries.append(entry)
    }

    /// Removes all values of a name and returns how many there were.
    @discardableResult
    public mutating func remove(name: String) -> Int {
        let key = MetadataName.lookupKey(name)
        let before = entries.count
        entries.removeAll { $0.name == key }
        return before - entries.count
    }

    /// Adds all entries of `other` behind the present ones.
    public mutating func add(contentsOf other: Metadata) {
        entries.append(contentsOf: other.entries)
    }

    private static func checked(name: String, value: Value) throws(MetadataError) -> Entry {
        let name = try MetadataName.normalized(name)
        switch (value, MetadataName.isBinary(name)) {
        case (.binary, true):
            return Entry(name: name, value: value)
        case (.string(let text), false):
            return Entry(name: name, value: .string(try printable(text, name: name)))
        case (.string, true):
            throw .textForBinaryName(name)
        case (.binary, false):
            throw .binaryForTextName(name)
        }
    }

    private static func printable(_ text: String, name: String) throws(MetadataError) -> String {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 <= 0x7E }) else { throw .invalidValue(name: name) }
        guard text.utf8.first == 0x20 || text.utf8.last == 0x20 else { return text }
        let trimmed = text.utf8.drop { $0 == 0x20 }
        let end = trimmed.lastIndex { $0 != 0x20 }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
        return String(decoding: trimmed[trimmed.startIndex..<end], as: UTF8.self)
    }
}

// MARK: - Looking up

extension Metadata {
    /// The first text value of a name, or nil.
    public subscript(string name: String) -> String? {
        let key = MetadataName.lookupKey(name)
        for entry in entries where entry.name == key {
            if case .string(let text) = entry.value { return text }
        }
        return nil
    }

    /// The first value of bytes of a name, or nil.
    public subscript(binary name: String) -> [UInt8]? {
        let key = MetadataName.lookupKey(name)
        for entry in entries where entry.name == key {
            if case .binary(let bytes) = entry.value { return bytes }
        }
        return nil
    }

    /// All values of a name, in their order.
    public subscript(values name: String) -> [Value] {
        let key = MetadataName.lookupKey(name)
        return entries.filter { $0.name == key }.map(\.value)
    }
}

extension Metadata: RandomAccessCollection {
    /// A name in lower case and one of its values.
    public typealias Element = (name: String, value: Value)

    /// Zero.
    public var startIndex: Int { 0 }

    /// The number of entries.
    public var endIndex: Int { entries.count }

    /// The entry at a position, `0 ..< count`.
    public subscript(position: Int) -> Element {
        let entry = entries[position]
        return (entry.name, entry.value)
    }
}

// MARK: - On the wire

extension Metadata {
    /// What the entries count in a header list, in bytes: name, value as sent and 32 for each (RFC 9113 §6.5.2).
    ///
    /// Bytes count as the base64 without padding that is sent for them.
    public var headerListBytes: Int {
        entries.reduce(0) { sum, entry in
            let valueBytes =
                switch entry.value {
                case .string(let text): text.utf8.count
                case .binary(let bytes): Base64.encodedByteCount(bytes.count)
                }
            return sum + entry.name.utf8.count + valueBytes + 32
        }
    }

    /// Calls `body` with each entry as it is sent, bytes in base64 without padding.
    package func forEachField(_ body: (_ name: String, _ value: String) -> Void) {
        for entry in entries {
            switch entry.value {
            case .string(let text): body(entry.name, text)
            case .binary(let bytes): body(entry.name, Base64.encode(bytes))
            }
        }
    }

    /// Adds an entry whose name and value have been checked.
    mutating func appendUnchecked(name: String, value: Value) {
        entries.append(Entry(name: name, value: value))
    }
}
