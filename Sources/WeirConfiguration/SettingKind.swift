// SPDX-License-Identifier: Apache-2.0

package import WeirRPC

/// How values of one type are written and read.
package struct SettingKind<Value: Sendable>: Sendable {
    /// What to call a value in help texts.
    package let valueName: String
    /// What a value is, for "is not …".
    let noun: String
    /// How to write one.
    let form: String
    let parse: @Sendable (String) -> Value?
    let render: @Sendable (Value) -> String

    /// Makes a kind; `noun` as in "is not a duration", `form` as in "write it as 30s".
    package init(
        valueName: String, noun: String, form: String, parse: @escaping @Sendable (String) -> Value?,
        render: @escaping @Sendable (Value) -> String
    ) {
        self.valueName = valueName
        self.noun = noun
        self.form = form
        self.parse = parse
        self.render = render
    }
}

extension SettingKind where Value == Duration {
    /// A time, such as `30s`.
    package static var duration: Self {
        Self(
            valueName: "duration", noun: "a duration", form: UnitText.durationForm, parse: UnitText.duration,
            render: { UnitText.text($0) })
    }
}

extension SettingKind where Value == Int {
    /// A number of bytes, such as `64KiB`.
    package static var size: Self {
        Self(
            valueName: "size", noun: "a size", form: UnitText.sizeForm, parse: UnitText.bytes,
            render: { UnitText.text(bytes: $0) })
    }

    /// A number of things.
    package static var count: Self {
        Self(
            valueName: "n", noun: "a whole number", form: "write it as 8 or 1000", parse: { Int($0) },
            render: { "\($0)" })
    }
}

extension SettingKind where Value == Double {
    /// A number that need not be whole.
    package static var number: Self {
        Self(
            valueName: "n", noun: "a number", form: "write it as 10 or 0.5",
            parse: { text in Double(text).flatMap { $0.isFinite ? $0 : nil } },
            render: { $0 == $0.rounded() && $0.magnitude < 1e15 ? "\(Int($0))" : "\($0)" })
    }
}

extension SettingKind where Value == String {
    /// Any text but an empty one.
    package static func text(_ valueName: String) -> Self {
        Self(
            valueName: valueName, noun: "a \(valueName)", form: "it must not be empty",
            parse: { $0.isEmpty ? nil : $0 }, render: { $0 })
    }
}

extension SettingKind where Value == Bool {
    /// Yes or no.
    package static var toggle: Self {
        Self(
            valueName: "true|false", noun: "true or false", form: "write true or false",
            parse: { Bool($0.lowercased()) },
            render: { "\($0)" })
    }
}

extension SettingKind where Value: RawRepresentable<String> & CaseIterable {
    /// One of a few words.
    package static var choice: Self {
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(
            valueName: "word", noun: "known", form: "one of \(words)", parse: { Value(rawValue: $0.lowercased()) },
            render: { $0.rawValue })
    }
}

extension SettingKind where Value == MinimumRate {
    /// Bytes per second, such as `1KiB`; with `over 30s after 30s` also the time over which, and after which, it is measured.
    package static var rate: SettingKind<MinimumRate> {
        SettingKind<MinimumRate>(
            valueName: "rate", noun: "a rate in bytes per second", form: "write it as 1KiB or 1KiB over 30s after 1m",
            parse: rate,
            render: {
                let plain = MinimumRate(bytesPerSecond: $0.bytesPerSecond)
                let more = " over \(UnitText.text($0.period)) after \(UnitText.text($0.grace))"
                return UnitText.text(bytes: $0.bytesPerSecond) + ($0 == plain ? "" : more)
            })
    }

    @Sendable private static func rate(_ text: String) -> MinimumRate? {
        var words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty, let bytes = UnitText.bytes(words.removeFirst()) else { return nil }
        var rate = MinimumRate(bytesPerSecond: bytes)
        while words.count >= 2 {
            guard let time = UnitText.duration(words[1]) else { return nil }
            switch words[0] {
            case "over": rate.period = time
            case "after": rate.grace = time
            default: return nil
            }
            words.removeFirst(2)
        }
        return words.isEmpty ? rate : nil
    }
}
