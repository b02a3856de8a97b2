// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary

extension ProvidesSourceCodeLocation {
    /// The comment before (or else behind) the declaration in the `.proto` file, or `fallback` if there is none.
    func documentation(or fallback: String) -> [String] {
        let location = sourceCodeInfoLocation
        let leading = commentLines(location?.leadingComments ?? "")
        let lines = leading.isEmpty ? commentLines(location?.trailingComments ?? "") : leading
        return lines.isEmpty ? [fallback] : lines
    }
}

/// The lines of a comment without the indentation they have in common, and without empty lines around them.
func commentLines(_ comment: String) -> [String] {
    var lines = comment.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
        String(line.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    while lines.first?.isEmpty == true { lines.removeFirst() }
    let common = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(common)) }
}
