// SPDX-License-Identifier: Apache-2.0

/// The details of a status as a serialised `google.rpc.Status`, the value of `grpc-status-details-bin`.
///
/// `google/rpc/status.proto`: code = 1, message = 2, repeated `google.protobuf.Any` details = 3.
extension Status {
    /// The most bytes that ``encodedDetails()`` makes.
    ///
    /// In base64 that is three quarters of the 8 KiB that peers take of trailers by default, which leaves the rest for the
    /// status, its message and the application's metadata.
    public static var maximumDetailsBytes: Int { 4608 }

    /// The serialised `google.rpc.Status` with this code, message and details; nil when there are no details.
    ///
    /// The message is the one that `grpc-message` carries, cut where that is cut. When all of it would have more than
    /// ``maximumDetailsBytes``, each `DebugInfo` is left out; when that is not enough, each further detail that does not fit
    /// behind those in front of it. A `DebugInfo` at the end then says how many were left out.
    public func encodedDetails() -> [UInt8]? {
        guard !details.isEmpty else { return nil }
        let encoded = details.map { $0.encodedAny() }
        var writer = ProtobufWriter()
        writer.writeInteger(Int64(code.rawValue), field: 1)
        writer.writeString(boundedMessage, field: 2)
        if writer.bytes.count + encoded.reduce(0, { $0 + $1.count }) <= Status.maximumDetailsBytes {
            for any in encoded { writer.append(any) }
            return writer.bytes
        }
        let most = Status.maximumDetailsBytes - Status.noteBytes
        var leftOut = 0
        for (detail, any) in zip(details, encoded) {
            if !detail.isDebugInfo, writer.bytes.count + any.count <= most {
                writer.append(any)
            } else {
                leftOut += 1
            }
        }
        writer.append(Status.note(leftOut).encodedAny())
        return writer.bytes
    }

    /// Bytes that are enough for ``note(_:)``.
    private static var noteBytes: Int { 160 }

    private static func note(_ leftOut: Int) -> StatusDetail {
        .debugInfo(
            DebugInfo(detail: "weir: \(leftOut) details were left out, with which the trailers would be too large"))
    }

    /// The status that a serialised `google.rpc.Status` stands for, as a client finds it in `grpc-status-details-bin`.
    ///
    /// Nil when the bytes are none. A code that gRPC does not know is UNKNOWN. Details of types that are not known here are
    /// kept as ``StatusDetail/other(typeURL:value:)``.
    public init?(encodedDetails bytes: [UInt8]) {
        var code: UInt64 = 0
        self.init(code: .ok)
        let isWhole = ProtobufFields.forEach(in: bytes[...]) { field in
            switch (field.number, field.value) {
            case (1, .varint(let value)):
                code = value
                return true
            case (2, _): return field.take(&message)
            case (3, .bytes(let any)):
                guard let detail = StatusDetail(encodedAny: any) else { return false }
                details.append(detail)
                return true
            case (1, _), (3, _): return false
            default: return true
            }
        }
        guard isWhole else { return nil }
        self.code = Int(exactly: code).flatMap { StatusCode(rawValue: $0) } ?? .unknown
    }

    /// The message as it comes out of `grpc-message`: clients compare the two.
    private var boundedMessage: String {
        guard let value = messageHeaderValue else { return "" }
        return PercentEncoding.decode(value)
    }
}

extension StatusDetail {
    fileprivate var isDebugInfo: Bool {
        if case .debugInfo = self { true } else { false }
    }

    /// The field of `google.rpc.Status` with this detail: a `google.protobuf.Any`, type_url = 1, value = 2.
    fileprivate func encodedAny() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.writeMessage(field: 3) { (any: inout ProtobufWriter) in
            any.writeString(typeURL, field: 1)
            any.writeBytes(encodedValue(), field: 2)
        }
        return writer.bytes
    }

    fileprivate init?(encodedAny bytes: ArraySlice<UInt8>) {
        var typeURL = ""
        var value: ArraySlice<UInt8> = []
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: return field.take(&typeURL)
            case 2:
                guard let bytes = field.bytes else { return false }
                value = bytes
                return true
            default: return true
            }
        }
        guard isWhole else { return nil }
        self.init(typeURL: typeURL, value: value)
    }
}
