// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("A status code")
struct StatusCodeTests {
    static let codes: [(StatusCode, Int, String)] = [
        (.ok, 0, "OK"), (.cancelled, 1, "CANCELLED"), (.unknown, 2, "UNKNOWN"),
        (.invalidArgument, 3, "INVALID_ARGUMENT"), (.deadlineExceeded, 4, "DEADLINE_EXCEEDED"),
        (.notFound, 5, "NOT_FOUND"), (.alreadyExists, 6, "ALREADY_EXISTS"),
        (.permissionDenied, 7, "PERMISSION_DENIED"), (.resourceExhausted, 8, "RESOURCE_EXHAUSTED"),
        (.failedPrecondition, 9, "FAILED_PRECONDITION"), (.aborted, 10, "ABORTED"), (.outOfRange, 11, "OUT_OF_RANGE"),
        (.unimplemented, 12, "UNIMPLEMENTED"), (.internalError, 13, "INTERNAL"), (.unavailable, 14, "UNAVAILABLE"),
        (.dataLoss, 15, "DATA_LOSS"), (.unauthenticated, 16, "UNAUTHENTICATED"),
    ]

    @Test("has the number, the name and the header value of the specification", arguments: codes)
    func numbersAndNames(code: StatusCode, number: Int, name: String) {
        #expect(code.rawValue == number)
        #expect(StatusCode(rawValue: number) == code)
        #expect(code.description == name)
        #expect(code.headerValue == String(number))
        #expect(StatusCode(headerValue: String(number)) == code)
    }

    @Test("exists for 0 to 16 only", arguments: [-1, 17, 256, 272, Int.max, Int.min])
    func outsideTheRange(number: Int) {
        #expect(StatusCode(rawValue: number) == nil)
    }

    @Test(
        "is UNKNOWN when the header has anything but a known number",
        arguments: ["", "17", "99", "100", "-1", "+1", " 1", "1 ", "x", "٣", "184467440737095516160"])
    func unknownHeader(value: String) {
        #expect(StatusCode(headerValue: value) == .unknown)
    }
}
