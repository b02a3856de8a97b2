// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// A flag as gRPC's interoperability servers take it: alone, or with a value.
enum InteropFlag: String, ExpressibleByArgument {
    case on = "true"
    case off = "false"

    init?(argument: String) {
        switch argument.lowercased() {
        case "true", "t", "1", "yes", "y": self = .on
        case "false", "f", "0", "no", "n": self = .off
        default: return nil
        }
    }

    /// The arguments with every flag in the form `--name=value`.
    ///
    /// Servers in Go take one dash before a name. Flags that are true or false may stand alone, or have `no` before their name.
    /// One whose value is empty is as if it were not there.
    static func spelledOut(_ arguments: some Sequence<String>, flags: [String]) -> [String] {
        var result: [String] = []
        var waiting: String?
        for argument in arguments where !(argument.hasPrefix("-") && argument.hasSuffix("=")) {
            if let flag = waiting {
                waiting = nil
                guard argument.hasPrefix("-") || InteropFlag(argument: argument) == nil else {
                    result.append("--\(flag)=\(argument)")
                    continue
                }
                result.append("--\(flag)=true")
            }
            let hasOneDash = argument.hasPrefix("-") && !argument.hasPrefix("--") && argument.count > 2
            let name = hasOneDash ? argument.dropFirst() : argument.hasPrefix("--") ? argument.dropFirst(2) : ""
            if let flag = flags.first(where: { name == $0 }) {
                waiting = flag
            } else if let flag = flags.first(where: { name == "no\($0)" }) {
                result.append("--\(flag)=false")
            } else {
                result.append(hasOneDash ? "-\(argument)" : argument)
            }
        }
        if let flag = waiting { result.append("--\(flag)=true") }
        return result
    }
}
