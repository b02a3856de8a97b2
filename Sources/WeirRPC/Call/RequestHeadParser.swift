// SPDX-License-Identifier: Apache-2.0

/// Collects the header fields of one request and decides whether they are a gRPC call.
///
/// Fields are compared as bytes; a `String` is made only of what is kept. Of a field that may occur once but occurs
/// again the first counts. Fields past the soft limits are still looked at, so that the answer is the right one, but
/// not kept. Fields that are legal in HTTP but not as metadata are left out rather than refused, and so are those with
/// a reserved name: "implementations must not error", and a handler may send back whatever it was given.
package struct RequestHeadParser: Sendable {
    /// What the fields turned out to be.
    package enum Result: Sendable {
        /// A gRPC call.
        case accept(RequestHead)
        /// HTTP that is not gRPC; what to answer depends on what there is at its path.
        case plain(PlainRequest)
        /// Something else, and how to answer it.
        case reject(HTTPRejection)
    }

    /// The size of the header list so far, in bytes: name, value and 32 for each field (RFC 9113 §6.5.2).
    package internal(set) var headerListBytes = 0
    /// The number of fields so far; each part of a comma-joined binary value counts as one.
    package internal(set) var fieldCount = 0

    private let maximumHeaderListBytes: Int
    private let maximumFieldCount: Int
    var method = Method.missing
    var contentType = ContentType.missing
    var path: String?
    /// A path that is not one of a method, short enough to be that of a page.
    var plainPath = ""
    var pathForm = PathForm.missing
    var scheme = ""
    var authority: String?
    var host: String?
    var hostCount = 0
    var timeout: Duration?
    var encoding: String?
    var acceptEncoding: String?
    var userAgent: String?
    /// Where metadata stands in the block of fields.
    var metadata: [PackedFields.Slot] = []
    var flaws: Flaws = []
    var seen: Seen = []

    /// A parser with soft limits for the header list: its bytes and its number of fields.
    package init(maximumHeaderListBytes: Int = 16 * 1024, maximumFieldCount: Int = 128) {
        self.maximumHeaderListBytes = maximumHeaderListBytes
        self.maximumFieldCount = maximumFieldCount
    }

    /// Takes one field by its places in `block`, its name in lower case as HTTP/2 has it (RFC 9113 §8.2.1).
    ///
    /// All fields of a request are in one block, which ``finish(_:)`` is given.
    package mutating func add(name nameRange: Range<Int>, value valueRange: Range<Int>, in block: Span<UInt8>) {
        let name = block.extracting(nameRange)
        let value = block.extracting(valueRange)
        fieldCount += 1
        headerListBytes += name.count + value.count + 32
        if name.count > 0, name[0] == 0x3A {
            addPseudoHeader(name: name, value: value)
        } else {
            seen.insert(.regularField)
            if value.hasSpaceAtEnds { flaws.insert(.whitespace) }
            if !addKnownField(name: name, value: value) { addMetadata(nameRange, valueRange, in: block) }
        }
    }

    /// Takes note of the whole list's size and number of fields, of which some were not kept and so not added.
    package mutating func noteList(bytes: Int, fields: Int) {
        headerListBytes = max(headerListBytes, bytes)
        fieldCount = max(fieldCount, fields)
    }

    /// The verdict over all fields that were added.
    ///
    /// The order of the checks is that of grpc-java, so that a request with several flaws gets the answer that clients
    /// have seen before: what HTTP/2 forbids, what is not gRPC, then what is wrong within gRPC. The metadata keeps `block`
    /// rather than a copy of its own part.
    package func finish(_ block: [UInt8]) -> Result {
        if !flaws.isDisjoint(with: .malformed) {
            return .reject(.reset(code: StatusMapping.protocolError, message: malformedReason))
        }
        if method == .connect {
            // RFC 9113 §8.5: without a path. Well-formed, and nothing that a server of calls does.
            return .reject(.http(.methodNotAllowed("GET, HEAD, POST", "this server is no proxy")))
        }
        guard method != .missing, pathForm != .missing else {
            let name = method == .missing ? ":method" : ":path"
            return .reject(.reset(code: StatusMapping.protocolError, message: "the request has no \(name)"))
        }
        guard hostCount <= 1 else {
            return .reject(.http(HTTPAnswer(status: 400, text: "the request names more than one host")))
        }
        guard case .grpc(let subtype) = contentType else { return notGRPC }
        guard method == .post else {
            return .reject(.http(.methodNotAllowed("POST", "gRPC calls use the method POST")))
        }
        guard pathForm == .wellFormed else {
            return refuse(.unimplemented, "the path of the request is not of the form /service/method")
        }
        guard !isOverLimit, let path else { return refuse(.resourceExhausted, limitMessage) }
        guard !flaws.contains(.timeout) else { return refuse(.internalError, "the grpc-timeout is malformed") }
        guard !flaws.contains(.binary) else {
            return refuse(.internalError, "the value of a \"-bin\" field is not base64")
        }
        return .accept(
            RequestHead(
                path: path, authority: authority ?? host, scheme: scheme, contentSubtype: subtype, timeout: timeout,
                encoding: encoding, acceptEncoding: acceptEncoding, userAgent: userAgent,
                metadata: Metadata(metadata.isEmpty ? nil : PackedFields(block, metadata))))
    }
}

// MARK: - What was found

extension RequestHeadParser {
    /// The value of `:method`, as far as it matters.
    enum Method {
        case missing, post, get, head, connect, other
    }

    /// Whether `:path` is there and names a method.
    enum PathForm {
        case missing, malformed, wellFormed
    }

    /// The value of the content-type, as far as it matters.
    enum ContentType {
        case missing, foreign
        case grpc(subtype: String)
    }

    /// What is wrong with the request; each flaw has its place in the order of `finish()`.
    struct Flaws: OptionSet {
        let rawValue: UInt8
        static var connectionSpecific: Flaws { Flaws(rawValue: 1) }
        static var pseudoHeader: Flaws { Flaws(rawValue: 2) }
        static var te: Flaws { Flaws(rawValue: 4) }
        static var timeout: Flaws { Flaws(rawValue: 8) }
        static var binary: Flaws { Flaws(rawValue: 16) }
        /// White space at the ends of a value, which is malformed in HTTP/2 and not in gRPC.
        static var whitespace: Flaws { Flaws(rawValue: 32) }
        /// Those that make the request malformed as HTTP/2.
        static var malformed: Flaws { [.connectionSpecific, .pseudoHeader, .te] }
    }

    /// What has occurred, of the fields of which only the first counts.
    struct Seen: OptionSet {
        let rawValue: UInt16
        static var regularField: Seen { Seen(rawValue: 1) }
        static var scheme: Seen { Seen(rawValue: 2) }
        static var authority: Seen { Seen(rawValue: 4) }
        static var timeout: Seen { Seen(rawValue: 8) }
    }

    private var malformedReason: String {
        if flaws.contains(.connectionSpecific) { return "the request has a connection-specific field" }
        if flaws.contains(.pseudoHeader) { return "a pseudo-header is repeated, unknown or behind a regular field" }
        return "the request has a te field other than trailers"
    }

    /// Whether the header list is past one of its soft limits, after which nothing more is kept of it.
    var isOverLimit: Bool {
        headerListBytes > maximumHeaderListBytes || fieldCount > maximumFieldCount
    }

    private var limitMessage: String {
        "the header list has \(headerListBytes) bytes in \(fieldCount) fields; "
            + "at most \(maximumHeaderListBytes) bytes in \(maximumFieldCount) fields are taken"
    }

    private var notGRPC: Result {
        guard !isOverLimit else { return .reject(.http(HTTPAnswer(status: 431, text: limitMessage))) }
        // The protocol page lets gRPC's own values be trimmed; for anything else RFC 9113 §8.2.1 holds.
        guard !flaws.contains(.whitespace) else {
            return .reject(
                .reset(code: StatusMapping.protocolError, message: "a field's value begins or ends with white space"))
        }
        return .plain(PlainRequest(method: plainMethod, path: path ?? plainPath))
    }

    private var plainMethod: PlainRequest.Method {
        switch method {
        case .post: .post
        case .get: .get
        case .head: .head
        case .missing, .connect, .other: .other
        }
    }

    /// The content-type of a response to these fields: that of gRPC with the request's subtype.
    package var responseContentType: String {
        guard case .grpc(let subtype) = contentType else { return "application/grpc" }
        return RequestHead(path: "", contentSubtype: subtype).contentType
    }

    /// Whether the answer must not have a body (RFC 9110 §9.3.2).
    package var isHead: Bool { method == .head }

    private func refuse(_ code: StatusCode, _ message: String) -> Result {
        .reject(.grpc(Status(code: code, message: message)))
    }
}
