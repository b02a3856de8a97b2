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

    /// What was received, ahead of what was added; nil when there is none, or when it was changed and is among the others.
    private var packed: PackedFields?
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
        unpack()
        entries.removeAll { $0.name == entry.name }
        entries.append(entry)
    }

    /// Removes all values of a name and returns how many there were.
    @discardableResult
    public mutating func remove(name: String) -> Int {
        let key = MetadataName.lookupKey(name)
        unpack()
        let before = entries.count
        entries.removeAll { $0.name == key }
        return before - entries.count
    }

    /// Adds all entries of `other` behind the present ones.
    public mutating func add(contentsOf other: Metadata) {
        var other = other
        if isEmpty {
            self = other
        } else {
            other.unpack()
            entries.append(contentsOf: other.entries)
        }
    }

    /// Makes entries like all others of what was received.
    private mutating func unpack() {
        guard let packed else { return }
        self.packed = nil
        let received = (0..<packed.count).map { index in
            let (name, value) = packed.entry(at: index)
            return Entry(name: name, value: value)
        }
        entries = received + entries
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
        if case .string(let text) = packed?.first(key, isBinary: false) { return text }
        for entry in entries where entry.name == key {
            if case .string(let text) = entry.value { return text }
        }
        return nil
    }

    /// The first value of bytes of a name, or nil.
    public subscript(binary name: String) -> [UInt8]? {
        let key = MetadataName.lookupKey(name)
        if case .binary(let bytes) = packed?.first(key, isBinary: true) { return bytes }
        for entry in entries where entry.name == key {
            if case .binary(let bytes) = entry.value { return bytes }
        }
        return nil
    }

    /// All values of a name, in their order.
    public subscript(values name: String) -> [Value] {
        let key = MetadataName.lookupKey(name)
        return (packed?.values(key) ?? []) + entries.filter { $0.name == key }.map(\.value)
    }
}

extension Metadata: RandomAccessCollection {
    /// A name in lower case and one of its values.
    public typealias Element = (name: String, value: Value)

    /// Zero.
    public var startIndex: Int { 0 }

    /// The number of entries.
    public var endIndex: Int { packedCount + entries.count }

    private var packedCount: Int { packed?.count ?? 0 }

    /// The entry at a position, `0 ..< count`.
    public subscript(position: Int) -> Element {
        if let packed, position < packed.count { return packed.entry(at: position) }
        let entry = entries[position - packedCount]
        return (entry.name, entry.value)
    }
}

// MARK: - On the wire

extension Metadata {
    /// What the entries count in a header list, in bytes: name, value as sent and 32 for each (RFC 9113 §6.5.2).
    ///
    /// Bytes count as the base64 without padding that is sent for them.
    public var headerListBytes: Int {
        entries.reduce(packed?.headerListBytes ?? 0) { sum, entry in
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
        for (name, value) in self {
            switch value {
            case .string(let text): body(name, text)
            case .binary(let bytes): body(name, Base64.encode(bytes))
            }
        }
    }

    /// Metadata as it was received; names and values have been checked.
    init(_ packed: PackedFields?) {
        self.packed = packed
    }
}

extension Metadata {
    /// Whether both have the same names and values in the same order.
    public static func == (left: Metadata, right: Metadata) -> Bool {
        if left.entries.isEmpty, right.entries.isEmpty, left.packed == right.packed { return true }
        return left.elementsEqual(right) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Hashes all names and values.
    public func hash(into hasher: inout Hasher) {
        for (name, value) in self {
            hasher.combine(name)
            hasher.combine(value)
        }
    }
}
