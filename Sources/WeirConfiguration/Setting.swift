// SPDX-License-Identifier: Apache-2.0

package import WeirServer

/// The way from a root to one of its properties.
package typealias SettingPath<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

/// One thing that can be set, by whatever way: its names, its meaning, and how its value is read and written.
///
/// A row of the table that file, environment, flags, help and documentation come from.
package struct Setting<Root>: Sendable {
    /// Its key in a file.
    package let name: String
    /// What to call its value in help texts.
    package let valueName: String
    /// What it does, in a sentence.
    package let meaning: String
    /// Its value in a root.
    package let value: @Sendable (Root) -> String
    /// Writes a value; returns what is wrong with the text, nil when nothing is.
    package let set: @Sendable (inout Root, String) -> String?
    /// How it is set for one method or service; nil when it is the whole server's.
    package let method: SettingOfMethod?
    /// The default, where it differs from machine to machine.
    package let defaultText: String?

    private init(
        _ name: String, valueName: String, _ meaning: String, defaultText: String?, method: SettingOfMethod?,
        value: @escaping @Sendable (Root) -> String, set: @escaping @Sendable (inout Root, String) -> String?
    ) {
        self.name = name
        self.valueName = valueName
        self.meaning = meaning
        self.defaultText = defaultText
        self.method = method
        self.value = value
        self.set = set
    }

    private init<Value: Sendable>(
        _ name: String, _ kind: SettingKind<Value>, _ path: SettingPath<Root, Value>, ofMethod: SettingOfMethod?,
        _ defaultText: String?, _ meaning: String
    ) {
        self.init(
            name, valueName: kind.valueName, meaning, defaultText: defaultText, method: ofMethod,
            value: { root in kind.render(root[keyPath: path]) },
            set: { root, text in
                guard let value = kind.parse(text) else { return kind.problem(text) }
                root[keyPath: path] = value
                return nil
            })
    }

    private init<Value: Sendable>(
        _ name: String, _ kind: SettingKind<Value>, _ path: SettingPath<Root, Value?>, none: String,
        ofMethod: SettingOfMethod?, _ meaning: String
    ) {
        self.init(
            name, valueName: kind.valueName, meaning, defaultText: nil, method: ofMethod,
            value: { root in root[keyPath: path].map(kind.render) ?? none },
            set: { root, text in
                // The words for "nothing" may be a value too, which is then the default.
                let value = text == none ? nil : kind.parse(text)
                if value == nil, text != none { return kind.problem(text, or: none) }
                root[keyPath: path] = value
                return nil
            })
    }

    /// Makes a setting of the whole server that always has a value.
    package init<Value: Sendable>(
        _ name: String, _ kind: SettingKind<Value>, _ path: SettingPath<Root, Value>,
        default defaultText: String? = nil, _ meaning: String
    ) {
        self.init(name, kind, path, ofMethod: nil, defaultText, meaning)
    }

    /// Makes a setting that always has a value, and may have another one for a method or service.
    package init<Value: Sendable>(
        _ name: String, _ kind: SettingKind<Value>, _ path: SettingPath<Root, Value>,
        method: SettingPath<ServerConfiguration.MethodSettings, Value?>, _ meaning: String
    ) {
        self.init(name, kind, path, ofMethod: SettingOfMethod(kind, method, none: nil), nil, meaning)
    }

    /// Makes a setting of the whole server that may have no value, which is written as `none`.
    package init<Value: Sendable>(
        _ name: String, _ kind: SettingKind<Value>, _ path: SettingPath<Root, Value?>, none: String, _ meaning: String
    ) {
        self.init(name, kind, path, none: none, ofMethod: nil, meaning)
    }

    /// Makes a setting that may have no value, which is written as `none`, and may have one for a method or service.
    package init<Value: Sendable>(
        _ name: String, _ kind: SettingKind<Value>, _ path: SettingPath<Root, Value?>, none: String,
        method: SettingPath<ServerConfiguration.MethodSettings, Value?>, _ meaning: String
    ) {
        self.init(name, kind, path, none: none, ofMethod: SettingOfMethod(kind, method, none: none), meaning)
    }

    /// The same setting of something that has the root as its part.
    package func lifted<Whole>(_ path: SettingPath<Whole, Root>) -> Setting<Whole> {
        let (value, set) = (value, set)
        return Setting<Whole>(
            name, valueName: valueName, meaning, defaultText: defaultText, method: method,
            value: { whole in value(whole[keyPath: path]) }, set: { whole, text in set(&whole[keyPath: path], text) })
    }

    /// Its flag: `--stall-deadline` of `stallDeadline`.
    package var flag: String { "--" + SettingName.words(name).joined(separator: "-") }
    /// Its environment variable: `WEIR_STALL_DEADLINE` of `stallDeadline`.
    package var environmentName: String {
        "WEIR_" + SettingName.words(name).joined(separator: "_").uppercased()
    }
}

/// How a setting is read and written for one method or service.
package struct SettingOfMethod: Sendable {
    /// Its value; nil when that is the server's.
    package let value: @Sendable (ServerConfiguration.MethodSettings) -> String?
    /// Writes a value; returns what is wrong with the text, nil when nothing is.
    package let set: @Sendable (inout ServerConfiguration.MethodSettings, String) -> String?

    init<Value: Sendable>(
        _ kind: SettingKind<Value>, _ path: SettingPath<ServerConfiguration.MethodSettings, Value?>, none: String?
    ) {
        value = { settings in settings[keyPath: path].map(kind.render) }
        set = { settings, text in
            if text == none { return "\(text) can be set for the whole server only; leave it out here" }
            guard let value = kind.parse(text) else { return kind.problem(text) }
            settings[keyPath: path] = value
            return nil
        }
    }
}

extension SettingKind {
    /// What is wrong with a text, and how to write it.
    func problem(_ text: String, or none: String? = nil) -> String {
        "\"\(text)\" is not \(noun) (\(form)\(none.map { ", or \($0)" } ?? ""))"
    }
}

/// How the names of a setting follow from each other.
package enum SettingName {
    /// The words of a name in camel case, in lower case.
    package static func words(_ name: String) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty {
                words.append(character.lowercased())
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words
    }

    /// The one of these names that was most likely meant; nil when none is like it.
    package static func nearest(to name: String, in names: [String]) -> String? {
        let distances = names.map { (name: $0, distance: distance($0.lowercased(), name.lowercased())) }
        guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, name.count / 4) ? best.name : nil
    }

    /// How many letters have to be put in, taken out or changed.
    private static func distance(_ left: String, _ right: String) -> Int {
        // What somebody meant is not longer than any name of ours; a name of a megabyte is not worth a look.
        guard left.count <= 80, right.count <= 80 else { return .max }
        let right = Array(right)
        var row = Array(0...right.count)
        for (line, letter) in left.enumerated() {
            var next = [line + 1]
            for (column, other) in right.enumerated() {
                next.append(min(next[column] + 1, row[column + 1] + 1, row[column] + (letter == other ? 0 : 1)))
            }
            row = next
        }
        return row[right.count]
    }
}
