// SPDX-License-Identifier: Apache-2.0

/// What helps those who wrote the service (`google/rpc/error_details.proto`, `DebugInfo`).
///
/// It is sent to the client, so it must not hold secrets. It is the first to be left out of trailers that would be too large.
public struct DebugInfo: Hashable, Sendable {
    /// Where the error came from, the innermost frame first.
    public var stackEntries: [String]
    /// Anything else.
    public var detail: String

    /// Frames and a text.
    public init(stackEntries: [String] = [], detail: String = "") {
        self.stackEntries = stackEntries
        self.detail = detail
    }
}

extension DebugInfo {
    /// The serialised message: repeated stack_entries = 1, detail = 2.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        for entry in stackEntries { writer.writeElement(entry, field: 1) }
        writer.writeString(detail, field: 2)
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init()
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: field.append({ String(validating: $0, as: UTF8.self) }, to: &stackEntries)
            case 2: field.take(&detail)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
