// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("The mapping of HTTP to status codes")
struct StatusMappingTests {
    @Test(
        "follows the specification for HTTP/2 error codes",
        arguments: [
            (0x0, .internalError), (0x1, .internalError), (0x2, .internalError), (0x3, .internalError),
            (0x4, .internalError), (0x5, .unknown), (0x6, .internalError), (0x7, .unavailable), (0x8, .cancelled),
            (0x9, .internalError), (0xA, .internalError), (0xB, .resourceExhausted), (0xC, .permissionDenied),
            (0xD, .unknown), (0xE, .unknown), (.max, .unknown),
        ] as [(UInt32, StatusCode)])
    func http2(error: UInt32, expected: StatusCode) {
        #expect(StatusMapping.statusCode(http2ErrorCode: error) == expected)
    }

    @Test(
        "follows the specification for HTTP statuses",
        arguments: [
            (400, .internalError), (401, .unauthenticated), (403, .permissionDenied), (404, .unimplemented),
            (429, .unavailable), (431, .internalError), (500, .unknown), (502, .unavailable), (503, .unavailable),
            (504, .unavailable), (200, .unknown), (302, .unknown), (0, .unknown), (-1, .unknown),
        ] as [(Int, StatusCode)])
    func http(status: Int, expected: StatusCode) {
        #expect(StatusMapping.statusCode(httpStatus: status) == expected)
    }
}
