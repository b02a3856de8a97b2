// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

/// What must come back on a stream, exactly.
enum Outcome: Sendable {
    /// One field section with a status, and this in its text.
    case trailersOnly(StatusCode, String = "")
    /// Header fields, so many messages, and trailers with OK.
    case success(messages: Int = 1)
    /// Header fields, any number of messages, and trailers with this status.
    case failure(StatusCode, String = "")
    /// A response in plain HTTP with a text, in which this occurs.
    case http(Int, String = "", allow: String? = nil)
    /// The same without a body.
    case httpHead(Int)
    /// RST_STREAM with this code, and nothing else (RFC 9113 §7).
    case reset(UInt32)

    /// Compares; `isOpen` says that the client had not ended its side, so that RST_STREAM(NO_ERROR) has to follow.
    func check(_ response: RawPeer.Response, isOpen: Bool, _ location: SourceLocation = #_sourceLocation) {
        let end = isOpen ? "R" : ""
        switch self {
        case .trailersOnly(let code, let text):
            #expect(response.order == "H" + end, sourceLocation: location)
            #expect(response.statusCode == code, sourceLocation: location)
            #expect(response.sections.first?[":status"] == "200", sourceLocation: location)
            #expect(
                response.sections.first?["content-type"]?.hasPrefix("application/grpc") == true,
                sourceLocation: location)
            expectText(response, text, location)
        case .success(let messages):
            #expect(response.sections.count == 2, sourceLocation: location)
            #expect(response.statusCode == .ok, "\(response.message ?? "")", sourceLocation: location)
            #expect(response.messages.sizes.count == messages, sourceLocation: location)
            #expect(response.messages.rest == 0, sourceLocation: location)
            #expect(response.ended, sourceLocation: location)
        case .failure(let code, let text):
            #expect(response.statusCode == code, "\(response.message ?? "")", sourceLocation: location)
            #expect(response.ended, sourceLocation: location)
            expectText(response, text, location)
        case .http(let status, let text, let allow):
            #expect(response.order.hasPrefix("HD"), sourceLocation: location)
            #expect(response.sections.count == 1, sourceLocation: location)
            let fields = response.sections.first ?? [:]
            #expect(fields[":status"] == "\(status)", sourceLocation: location)
            #expect(fields["content-type"] == "text/plain; charset=utf-8", sourceLocation: location)
            #expect(fields["content-length"] == "\(response.dataBytes)", sourceLocation: location)
            #expect(fields["allow"] == allow, sourceLocation: location)
            // Servers never use the table that turns HTTP statuses into codes.
            #expect(fields["grpc-status"] == nil, sourceLocation: location)
            let body = String(decoding: response.data, as: UTF8.self)
            #expect(text.isEmpty || body.contains(text), "\(body)", sourceLocation: location)
            #expect(body.hasSuffix("\n"), sourceLocation: location)
        case .httpHead(let status):
            #expect(response.order == "H", sourceLocation: location)
            #expect(response.sections.first?[":status"] == "\(status)", sourceLocation: location)
        case .reset(let code):
            #expect(response.order == "R", "\(response.sections)", sourceLocation: location)
            #expect(response.reset == code, sourceLocation: location)
            return
        }
        #expect(response.ended, sourceLocation: location)
        #expect(response.reset == nil || (isOpen && response.reset == 0), sourceLocation: location)
    }

    private func expectText(_ response: RawPeer.Response, _ text: String, _ location: SourceLocation) {
        guard !text.isEmpty else { return }
        let message = PercentEncoding.decode(response.message ?? "")
        #expect(message.contains(text), "\(message)", sourceLocation: location)
    }
}
