// SPDX-License-Identifier: Apache-2.0

/// What the header fields of a request say, once they have been found to be those of a gRPC call.
public struct RequestHead: Sendable {
    /// The value of `:path`: a slash, the service, a slash, the method; printable ASCII.
    public var path: String
    /// The value of `:authority`, or of `host` where that is missing (gRFC A41); nil without both.
    public var authority: String?
    /// The value of `:scheme`, `http` or `https`; empty when the peer sent none or another.
    public var scheme: String
    /// What follows `application/grpc+` in the content-type, for example `proto`; empty when nothing does.
    public var contentSubtype: String
    /// How long the client waits for the call to end, from `grpc-timeout`; nil when it set no limit.
    public var timeout: Duration?
    /// The value of `grpc-encoding`: how messages marked as compressed are compressed.
    public var encoding: String?
    /// The value of `grpc-accept-encoding`: how messages to this client may be compressed.
    public var acceptEncoding: String?
    /// The value of `user-agent`.
    public var userAgent: String?
    /// The fields that the application reads; never one that is reserved for the protocol.
    public var metadata: Metadata

    /// A head with these fields.
    public init(
        path: String,
        authority: String? = nil,
        scheme: String = "http",
        contentSubtype: String = "",
        timeout: Duration? = nil,
        encoding: String? = nil,
        acceptEncoding: String? = nil,
        userAgent: String? = nil,
        metadata: Metadata = Metadata()
    ) {
        self.path = path
        self.authority = authority
        self.scheme = scheme
        self.contentSubtype = contentSubtype
        self.timeout = timeout
        self.encoding = encoding
        self.acceptEncoding = acceptEncoding
        self.userAgent = userAgent
        self.metadata = metadata
    }

    /// The content-type to answer with: `application/grpc`, and the subtype of the request if it had one.
    public var contentType: String {
        switch contentSubtype {
        case "": "application/grpc"
        case "proto": "application/grpc+proto"
        default: "application/grpc+\(contentSubtype)"
        }
    }
}
