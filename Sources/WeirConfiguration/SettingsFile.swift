// SPDX-License-Identifier: Apache-2.0

public import Configuration
internal import Glibc

/// A file of settings, as a provider of swift-configuration that knows its keys and the line of each.
///
/// JSON, with `//` comments, of 1 MiB at most:
///
/// ```json
/// {
///   "stallDeadline": "30s",
///   "methods": {
///     "shop.v1.Shop": { "stallDeadline": "5s" },
///     "shop.v1.Shop/Watch": { "idleDeadline": "10m" }
///   }
/// }
/// ```
public struct SettingsFile: ConfigProvider, CustomStringConvertible {
    /// The name of the object whose names are services and methods.
    static let methodsKey = "methods"
    /// Most bytes of a file.
    public static let mostBytes = 1 << 20

    /// The file's name, as it was given.
    public let name: String
    private let leaves: [[String]: JSONText.Leaf]
    /// The keys of all values, in the order in which they stand in the file.
    let keys: [[String]]

    /// Reads a file.
    ///
    /// - Throws: ``SettingsError`` when it cannot be read, or is not understood; with the line.
    public init(path: String) throws(SettingsError) {
        try self.init(Self.content(path), name: path)
    }

    /// Takes a text that is already there.
    ///
    /// - Throws: ``SettingsError`` when it is not understood; with the line.
    public init(_ bytes: [UInt8], name: String) throws(SettingsError) {
        self.name = name
        let found: [(path: [String], leaf: JSONText.Leaf)]
        do {
            found = try JSONText.leaves(of: bytes)
        } catch {
            throw SettingsError([.init(source: "\(name):\(error.line)", key: "", message: error.message)])
        }
        keys = found.map(\.path)
        leaves = Dictionary(found.map { ($0.path, $0.leaf) }) { first, _ in first }
    }

    /// The services and methods that the file has settings for, as it names them.
    public var methods: [String] {
        var names: [String] = []
        for key in keys where key.count > 1 && key[0] == Self.methodsKey && !names.contains(key[1]) {
            names.append(key[1])
        }
        return names
    }

    /// Looks whether every key is a setting of ``WeirServer/ServerConfiguration``.
    ///
    /// For a file that has nothing else in it: what a provider does not ask for, nobody misses.
    ///
    /// - Throws: ``SettingsError`` with every key that is none, and the name that was most likely meant.
    public func checkKeys() throws(SettingsError) {
        let problems = unknownKeys(
            settings: ServerSettings.all.map(\.name),
            ofMethods: ServerSettings.all.filter { $0.method != nil }.map(\.name))
        if !problems.isEmpty { throw SettingsError(problems) }
    }

    /// The file and the line of a value; nil when there is none.
    func source(of key: [String]) -> String? { leaves[key].map { "\(name):\($0.line)" } }

    /// The file and the line of the first setting of a service or method.
    package func source(ofMethod name: String) -> String {
        keys.first { $0.count > 1 && $0[0] == Self.methodsKey && $0[1] == name }.flatMap { source(of: $0) } ?? self.name
    }

    /// What is in the file and means nothing.
    func unknownKeys(settings: [String], ofMethods: [String]) -> [SettingsError.Problem] {
        keys.compactMap { key in
            if case .unusable(let what)? = leaves[key]?.content {
                return problem(key, "is \(what), which no setting can be; leave the key out for the default")
            }
            if key.count == 1, settings.contains(key[0]) { return nil }
            if key.count == 3, key[0] == Self.methodsKey, ofMethods.contains(key[2]) { return nil }
            if key[0] == Self.methodsKey, key.count < 3 {
                return problem(key, "has to be an object: \"package.Service/Method\": { \"stallDeadline\": \"5s\" }")
            }
            if key.count == 3, key[0] == Self.methodsKey, settings.contains(key[2]) {
                return problem(key, "cannot be set for a method or service; these can: " + list(ofMethods))
            }
            let isOfMethod = key.count == 3 && key[0] == Self.methodsKey
            let known = isOfMethod ? ofMethods : settings + [Self.methodsKey]
            let meant = SettingName.nearest(to: isOfMethod ? key[2] : key[0], in: known)
            return problem(
                key, "is no setting (" + (meant.map { "did you mean \($0)?)" } ?? "there are: \(list(known)))"))
        }
    }

    private func problem(_ key: [String], _ message: String) -> SettingsError.Problem {
        .init(source: source(of: key), key: key.joined(separator: "."), message: message)
    }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    private static func content(_ path: String) throws(SettingsError) -> [UInt8] {
        func failure(_ reason: String) -> SettingsError {
            SettingsError([.init(source: path, key: "", message: reason)])
        }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &part, part.count)
            guard count >= 0 else { throw failure("cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { return content }
            content += part.prefix(count)
            guard content.count <= mostBytes else { throw failure("is larger than \(mostBytes) bytes") }
        }
    }
}

extension SettingsFile {
    /// The file's name.
    public var providerName: String { "SettingsFile[\(name)]" }

    /// The file's name, and how many values it has.
    public var description: String { "SettingsFile[\(name), \(keys.count) values]" }

    /// The value of a key; as a string every value can be had, as it is written.
    public func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = key.components.joined(separator: ".")
        guard let leaf = leaves[key.components] else { return LookupResult(encodedKey: name, value: nil) }
        let content: ConfigContent? =
            switch (leaf.content, type) {
            case (.string(let text), .string), (.number(let text), .string): .string(text)
            case (.bool(let bool), .string): .string("\(bool)")
            case (.bool(let bool), .bool): .bool(bool)
            case (.number(let text), .int): Int(text).map { .int($0) }
            case (.number(let text), .double): Double(text).map { .double($0) }
            default: nil
            }
        guard let content else {
            throw SettingsError([problem(key.components, "is not of the type \(type.rawValue)")])
        }
        return LookupResult(encodedKey: name, value: ConfigValue(content, isSecret: false))
    }

    /// As ``value(forKey:type:)``: the file is in memory.
    public func fetchValue(forKey key: AbsoluteConfigKey, type: ConfigType) async throws -> LookupResult {
        try value(forKey: key, type: type)
    }

    /// Gives the value once: the file is read at the start and not again.
    public func watchValue<Return: ~Copyable>(
        forKey key: AbsoluteConfigKey, type: ConfigType,
        updatesHandler: (
            _ updates: ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>
        ) async throws -> Return
    ) async throws -> Return {
        try await watchValueFromValue(forKey: key, type: type, updatesHandler: updatesHandler)
    }

    /// The file itself: it does not change.
    public func snapshot() -> any ConfigSnapshot { Snapshot(file: self) }

    /// Gives the snapshot once.
    public func watchSnapshot<Return: ~Copyable>(
        updatesHandler: (_ updates: ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>) async throws -> Return
    ) async throws -> Return {
        try await watchSnapshotFromSnapshot(updatesHandler: updatesHandler)
    }

    private struct Snapshot: ConfigSnapshot {
        let file: SettingsFile

        var providerName: String { file.providerName }

        func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
            try file.value(forKey: key, type: type)
        }
    }
}
