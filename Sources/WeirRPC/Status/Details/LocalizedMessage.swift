// SPDX-License-Identifier: Apache-2.0

/// A text for the person in front of the program, in their language (`google/rpc/error_details.proto`, `LocalizedMessage`).
public struct LocalizedMessage: Hashable, Sendable {
    /// The language as in BCP 47, such as `de-CH`.
    public var locale: String
    /// The text.
    public var message: String

    /// A text in a language.
    public init(locale: String, message: String) {
        self.locale = locale
        self.message = message
    }
}

extension LocalizedMessage {
    /// The serialised message: locale = 1, message = 2.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.writeString(locale, field: 1)
        writer.writeString(message, field: 2)
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(locale: "", message: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: field.take(&locale)
            case 2: field.take(&message)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
