// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Finds the fields by which a message would contain itself, which a Swift struct cannot.
///
/// Arrays and dictionaries put their elements on the heap anyway, so only singular fields count.
struct RecursionFinder {
    /// Whether the message of `field` contains, by singular fields, the message that `field` is part of.
    func isRecursive(_ field: FieldDescriptor) -> Bool {
        guard let target = field.messageType, let owner = field.containingType, !field.isRepeated else { return false }
        var visited: Set<String> = []
        var pending: [Descriptor] = [target]
        while let message = pending.popLast() {
            if message.fullName == owner.fullName { return true }
            guard visited.insert(message.fullName).inserted else { continue }
            for next in message.fields where !next.isRepeated {
                if let type = next.messageType { pending.append(type) }
            }
        }
        return false
    }
}
