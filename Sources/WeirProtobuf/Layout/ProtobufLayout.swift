// SPDX-License-Identifier: Apache-2.0

import CProtobufC
import Synchronization

/// For generated code: the fields of a message type, and what protobuf-c needs to know of them.
///
/// Each message type has one, made when it is first used and kept for the life of the process. Two layouts can refer to
/// each other, so the references are resolved (linked) in a second step.
@safe
public final class ProtobufLayout: Sendable {
    /// The full name of the message type.
    public let name: String

    // Invariant of the two `nonisolated(unsafe)`: the pointees are written in `init`, and in `resolve` under the lock
    // before `isLinked` is set with release ordering; everybody else reads them after having seen `isLinked`.
    @usableFromInline nonisolated(unsafe) let table: UnsafePointer<MessageTable>
    private nonisolated(unsafe) let mutableTable: UnsafeMutablePointer<MessageTable>

    private let fields: [ProtobufField]
    /// The entry messages of the map fields, by the position of the field.
    private let mapEntries: [Int: ProtobufLayout]
    private let isLinked = Atomic<Bool>(false)
    private static let linking = Mutex(())

    /// Describes a message type; `fields` may be in any order, the writer and the reader count them by their numbers.
    public convenience init(name: String, fields: [ProtobufField]) {
        self.init(name: name, fields: fields, isMapEntry: false)
    }

    private init(name: String, fields: [ProtobufField], isMapEntry: Bool) {
        let fields = fields.sorted { $0.number < $1.number }
        self.name = name
        self.fields = fields
        var mapEntries: [Int: ProtobufLayout] = [:]
        for (index, field) in fields.enumerated() {
            guard case .map(let key) = field.rule else { continue }
            // An entry's key and value are encoded even when they are the defaults, as other implementations do.
            mapEntries[index] = ProtobufLayout(
                name: "\(name).\(field.name)",
                fields: [.init(1, "key", key, .optional), .init(2, "value", field.type, .optional)],
                isMapEntry: true)
        }
        self.mapEntries = mapEntries
        unsafe mutableTable = UnsafeMutablePointer<MessageTable>.allocate(capacity: 1)
        unsafe table = UnsafePointer(mutableTable)
        unsafe mutableTable.initialize(to: MessageTableBuilder(name: name, fields: fields).build())
    }
}

// MARK: - Linking

extension ProtobufLayout {
    /// Resolves the references to other message types; called before every use of a message that is not part of another.
    @usableFromInline
    func linkedTable() -> UnsafePointer<MessageTable> {
        if !isLinked.load(ordering: .acquiring) { link() }
        return unsafe table
    }

    private func link() {
        Self.linking.withLock { _ in
            var reached: [ObjectIdentifier: ProtobufLayout] = [:]
            resolve(&reached)
            // Only now is every message that can be reached from each of these complete.
            for layout in reached.values { layout.isLinked.store(true, ordering: .releasing) }
        }
    }

    private func resolve(_ reached: inout [ObjectIdentifier: ProtobufLayout]) {
        guard !isLinked.load(ordering: .relaxed), reached.updateValue(self, forKey: ObjectIdentifier(self)) == nil
        else { return }
        for (index, field) in fields.enumerated() {
            guard let child = mapEntries[index] ?? field.type.messageLayout else { continue }
            // `index` is below the number of fields, which is the capacity of both arrays.
            unsafe mutableTable.pointee.entries[index].child = child.table
            unsafe mutableTable.pointee.fields[index].descriptor = UnsafeRawPointer(child.table.pointee.descriptor)
            child.resolve(&reached)
        }
    }
}

extension ProtobufFieldType {
    fileprivate var messageLayout: ProtobufLayout? {
        if case .message(let layout) = self { layout() } else { nil }
    }
}
