// SPDX-License-Identifier: Apache-2.0

/// Why a call failed, in words that a program can compare (`google/rpc/error_details.proto`, `ErrorInfo`).
public struct ErrorInfo: Hashable, Sendable {
    /// The reason as a constant, UPPER_SNAKE_CASE and unique within its domain, for example `STREAM_STALLED`.
    public var reason: String
    /// Who defines the reason; `weir` for reasons of this stack.
    public var domain: String
    /// Facts about this failure, by name; sent in the order of their names.
    public var metadata: [String: String]

    /// A reason in a domain, with facts.
    public init(reason: String, domain: String = "weir", metadata: [String: String] = [:]) {
        self.reason = reason
        self.domain = domain
        self.metadata = metadata
    }
}

extension ErrorInfo {
    /// The serialised message: reason = 1, domain = 2, map metadata = 3, its entries sorted by key so that equal values
    /// have equal bytes.
    package func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.writeString(reason, field: 1)
        writer.writeString(domain, field: 2)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            writer.writeMessage(field: 3) { (entry: inout ProtobufWriter) in
                entry.writeString(key, field: 1)
                entry.writeString(value, field: 2)
            }
        }
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(reason: "", domain: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: return field.take(&reason)
            case 2: return field.take(&domain)
            case 3:
                var (key, value) = ("", "")
                guard let entry = field.bytes,
                    ProtobufFields.forEach(
                        in: entry,
                        { $0.number == 1 ? $0.take(&key) : $0.number == 2 ? $0.take(&value) : true })
                else { return false }
                metadata[key] = value
                return true
            default: return true
            }
        }
        guard isWhole else { return nil }
    }
}
