// SPDX-License-Identifier: Apache-2.0

internal import WeirBackpressure
package import WeirServer

extension ServerSettings {
    /// The rows of ``WeirServer/AdmissionSettings``: for a method or service they come in addition to the server's.
    package static let admission: [Setting<ServerConfiguration>] = [
        Setting(
            "concurrencyLimit", .count, \.admission.concurrencyLimit, none: "none",
            method: \.admission.concurrencyLimit, "Calls that may run at a time; more are turned away, or wait."),
        Setting(
            "adaptiveLimit", .choice, \.admission.adaptiveLimit, none: "none", method: \.admission.adaptiveLimit,
            "As many calls at a time as the measured latency allows: gradient, aimd or vegas."),
        Setting(
            "latencyObjective", .duration, \.admission.latencyObjective, none: "none",
            method: \.admission.latencyObjective, "As many calls at a time as keep 99 of 100 below this latency."),
        Setting(
            "queueCapacity", .count, \.admission.queueCapacity, none: "by the limit",
            method: \.admission.queueCapacity, "Calls that may wait for the limit; 0: none."),
        Setting(
            "queueTimeout", .duration, \.admission.queueTimeout, none: "controlled delay",
            method: \.admission.queueTimeout, "How long a call may wait for the limit."),
        Setting(
            "rateLimit", .number, \.admission.rateLimit, none: "none", method: \.admission.rateLimit,
            "Calls per second of one client."),
        Setting(
            "rateBurst", .count, \.admission.rateBurst, none: "those of a second", method: \.admission.rateBurst,
            "Calls that a client may make at once after a pause."),
        Setting(
            "rateKey", .callerKey, \.admission.rateKey, none: "peer", method: \.admission.rateKey,
            "Whom calls are counted for: peer, certificate, everyone or metadata:NAME."),
        Setting(
            "rateCost", .count, \.admission.rateCost, none: "1", method: \.admission.rateCost,
            "What a call counts in rates; 0: nothing."),
        Setting(
            "loadShedding", .choice, \.admission.loadShedding, none: "none", method: \.admission.loadShedding,
            "Turn away low priorities first as the limit fills up: thresholds or smooth."),
        Setting(
            "maximumStreams", .count, \.admission.maximumStreams, none: "none", method: \.admission.maximumStreams,
            "Calls with a streamed response that may be open at a time."),
        Setting(
            "bulkhead", .bulkhead, \.admission.bulkhead, none: "none", method: \.admission.bulkhead,
            "Places that are kept for some callers, such as \"100 by priority: high=30, low=0..20\"."),
        Setting(
            "breakerFailures", .count, \.admission.breakerFailures, none: "none", method: \.admission.breakerFailures,
            "Failures in a row after which calls are turned away for a while."),
        Setting(
            "breakerReset", .duration, \.admission.breakerReset, none: "30s", method: \.admission.breakerReset,
            "How long they are turned away before one is tried."),
    ]
}

extension SettingKind where Value == CallerKey {
    /// Whom a call is counted for.
    static var callerKey: Self {
        Self(
            valueName: "key", noun: "a key", form: "write peer, certificate, everyone or metadata:NAME",
            parse: { text in
                switch text {
                case "peer": .peer
                case "certificate": .certificate
                case "everyone": .everyone
                default: name(ofMetadata: text).map { .metadata($0) }
                }
            },
            render: { key in
                switch key {
                case .peer: "peer"
                case .certificate: "certificate"
                case .everyone: "everyone"
                case .metadata(let name): "metadata:\(name)"
                }
            })
    }
}

extension SettingKind where Value == BulkheadSettings {
    /// Places and who has a share of them.
    static var bulkhead: Self {
        Self(
            valueName: "places", noun: "a bulkhead",
            form: "write it as \"100 by priority: high=30, low=0..20\"; by method, priority or metadata:NAME",
            parse: { text in bulkhead(text) },
            render: { bulkhead in
                let shares = bulkhead.shares.sorted { $0.key < $1.key }.map { name, share in
                    "\(name)=\(share.guaranteed)" + (share.maximum.map { "..\($0)" } ?? "")
                }
                let key =
                    switch bulkhead.key {
                    case .method: "method"
                    case .priority: "priority"
                    case .metadata(let name): "metadata:\(name)"
                    }
                return "\(bulkhead.capacity) by \(key): " + shares.joined(separator: ", ")
            })
    }

    private static func bulkhead(_ text: String) -> BulkheadSettings? {
        guard let separator = text.firstRange(of: ": ") else { return nil }
        let head = text[..<separator.lowerBound].split(separator: " ")
        guard head.count == 3, head[1] == "by", let capacity = Int(head[0]) else { return nil }
        let key: BulkheadSettings.Key
        switch head[2] {
        case "method": key = .method
        case "priority": key = .priority
        default:
            guard let name = name(ofMetadata: String(head[2])) else { return nil }
            key = .metadata(name)
        }
        var shares: [String: BulkheadSettings.Share] = [:]
        for part in text[separator.upperBound...].split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1).map { trimmed($0) }
            guard sides.count == 2, !sides[0].isEmpty, shares[sides[0]] == nil else { return nil }
            guard let share = share(sides[1]) else { return nil }
            shares[sides[0]] = share
        }
        return shares.isEmpty ? nil : BulkheadSettings(capacity: capacity, by: key, shares: shares)
    }

    /// `30`, or `0..20` with the most that it may use.
    private static func share(_ text: String) -> BulkheadSettings.Share? {
        guard let dots = text.firstRange(of: "..") else { return Int(text).map { .init(guaranteed: $0) } }
        guard let guaranteed = Int(text[..<dots.lowerBound]), let maximum = Int(text[dots.upperBound...]) else {
            return nil
        }
        return .init(guaranteed: guaranteed, maximum: maximum)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

extension SettingKind {
    /// The name in `metadata:NAME`; nil for anything else.
    fileprivate static func name(ofMetadata text: String) -> String? {
        let prefix = "metadata:"
        guard text.hasPrefix(prefix), text.utf8.count > prefix.utf8.count else { return nil }
        let name = text.dropFirst(prefix.count)
        guard name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || [45, 46, 95].contains($0) })
        else { return nil }
        return String(name)
    }
}
