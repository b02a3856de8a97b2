// SPDX-License-Identifier: Apache-2.0

/// What the caller may quote when it reports the failure (`google/rpc/error_details.proto`, `RequestInfo`).
public struct RequestInfo: Hashable, Sendable {
    /// A text that only the service understands; it finds the request in its logs by it.
    public var requestID: String
    /// What else the service wants to hear in such a report.
    public var servingData: String

    /// The name of a request.
    public init(requestID: String, servingData: String = "") {
        self.requestID = requestID
        self.servingData = servingData
    }
}

extension RequestInfo {
    /// The serialised message: request_id = 1, serving_data = 2.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.writeString(requestID, field: 1)
        writer.writeString(servingData, field: 2)
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(requestID: "", servingData: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: field.take(&requestID)
            case 2: field.take(&servingData)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
