// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import WeirConfiguration

/// A flag for every row of the table of settings, with its help.
///
/// The parser finds what can be given by looking at the members of a value, and this one says itself what they are: so that
/// no flag can be forgotten, and none has a default of its own.
struct ServeFlags: ParsableArguments, CustomReflectable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private var options: [(name: String, option: Option<String?>)]

    init() {
        let defaults = ServeSettings()
        options = ServeSettings.table.map { setting in
            let value = setting.defaultText ?? setting.value(defaults)
            let help = ArgumentHelp(
                "\(setting.meaning) (default: \(value))", valueName: setting.valueName)
            return (setting.name, Option(name: .customLong(String(setting.flag.dropFirst(2))), help: help))
        }
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Name.self)
        options = try ServeSettings.table.map { setting in
            (setting.name, try values.decode(Option<String?>.self, forKey: Name(stringValue: setting.name)))
        }
    }

    var customMirror: Mirror {
        Mirror(self, children: options.map { (label: "_" + $0.name, value: $0.option as Any) }, displayStyle: .struct)
    }

    /// What was given, by the settings' names.
    var values: [String: String] {
        var values: [String: String] = [:]
        for (name, option) in options {
            if let value = option.wrappedValue { values[name] = value }
        }
        return values
    }
}
