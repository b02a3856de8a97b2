// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// The field sections of a gRPC response (gRPC over HTTP/2, "Responses").
extension HeaderFields {
    /// Response-Headers; `encoding` is how messages that are compressed will be.
    static func response(
        _ metadata: Metadata, contentType: String, encoding: CompressionAlgorithm = .identity
    ) -> HeaderFields {
        var fields = HeaderFields()
        fields.append(name: ":status", value: "200")
        fields.append(name: "content-type", value: contentType)
        if encoding != .identity { fields.append(name: "grpc-encoding", value: encoding.rawValue) }
        fields.append(name: "grpc-accept-encoding", value: CompressionAlgorithm.acceptedNames)
        metadata.forEachField { name, value in fields.append(name: name, value: value) }
        return fields
    }

    /// Trailers.
    static func trailers(_ status: Status, _ metadata: Metadata) -> HeaderFields {
        var fields = HeaderFields()
        status.forEachTrailerField(metadata: metadata) { name, value in fields.append(name: name, value: value) }
        return fields
    }

    /// Trailers-Only: one field section that is the whole response.
    ///
    /// Says which compression is taken only if that is what the status is about (gRPC specification, `doc/compression.md`).
    static func trailersOnly(
        _ status: Status, _ metadata: Metadata, contentType: String, listsEncodings: Bool = false
    ) -> HeaderFields {
        var fields = HeaderFields()
        fields.append(name: ":status", value: "200")
        fields.append(name: "content-type", value: contentType)
        if listsEncodings { fields.append(name: "grpc-accept-encoding", value: CompressionAlgorithm.acceptedNames) }
        status.forEachTrailerField(metadata: metadata) { name, value in fields.append(name: name, value: value) }
        return fields
    }

    /// An answer to somebody who does not speak gRPC.
    static func plain(code: Int, allow: String?) -> HeaderFields {
        var fields = HeaderFields()
        fields.append(name: ":status", value: String(code))
        fields.append(name: "content-type", value: "text/plain; charset=utf-8")
        if let allow { fields.append(name: "allow", value: allow) }
        return fields
    }
}
