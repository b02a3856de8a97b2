// SPDX-License-Identifier: Apache-2.0

/// Names a value that interceptors hand inwards to other interceptors and to the handler.
///
/// ```swift
/// enum UserKey: ContextKey { typealias Value = User }
///
/// context[UserKey.self] = user             // in an interceptor, before next(context)
/// let user = context[UserKey.self]         // in the handler
/// ```
public protocol ContextKey: Sendable {
    /// What is handed over.
    associatedtype Value: Sendable
}

/// The values of a context: one for each key, so there are never more than the program has keys.
///
/// A list from the newest to the oldest, shared by all copies: what most calls have is none, one or two values, and an
/// allocation for each is less than a table takes.
struct ContextValues: Sendable {
    private final class Node: Sendable {
        let key: ObjectIdentifier
        let value: any Sendable
        let older: Node?

        init(_ key: ObjectIdentifier, _ value: any Sendable, older: Node?) {
            self.key = key
            self.value = value
            self.older = older
        }
    }

    private var newest: Node?

    subscript<Key: ContextKey>(_: Key.Type) -> Key.Value? {
        get { node(of: ObjectIdentifier(Key.self))?.value as? Key.Value }
        set {
            let key = ObjectIdentifier(Key.self)
            if node(of: key) != nil { newest = Self.copy(of: newest, without: key) }
            if let newValue { newest = Node(key, newValue, older: newest) }
        }
    }

    /// How many values there are.
    var count: Int {
        var count = 0
        var node = newest
        while let current = node {
            count += 1
            node = current.older
        }
        return count
    }

    private func node(of key: ObjectIdentifier) -> Node? {
        var node = newest
        while let current = node, current.key != key { node = current.older }
        return node
    }

    private static func copy(of node: Node?, without key: ObjectIdentifier) -> Node? {
        guard let node else { return nil }
        if node.key == key { return node.older }
        return Node(node.key, node.value, older: copy(of: node.older, without: key))
    }
}
