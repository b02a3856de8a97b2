// SPDX-License-Identifier: Apache-2.0

/// A key of any type: what `AnyHashable` is, and may be sent.
struct ConflationKey: Hashable, Sendable {
    private let base: any Hashable & Sendable

    init(_ base: any Hashable & Sendable) {
        self.base = base
    }

    static func == (left: ConflationKey, right: ConflationKey) -> Bool {
        AnyHashable(left.base) == AnyHashable(right.base)
    }

    func hash(into hasher: inout Hasher) {
        AnyHashable(base).hash(into: &hasher)
    }
}
