// SPDX-License-Identifier: Apache-2.0

/// One of the seventeen status codes of gRPC (gRPC specification, `doc/statuscodes.md`).
public struct StatusCode: RawRepresentable, Hashable, Sendable {
    private let value: UInt8

    private init(value: UInt8) {
        self.value = value
    }

    /// The code with that number, or nil when it is not one of 0 to 16.
    public init?(rawValue: Int) {
        guard rawValue >= 0, rawValue <= 16 else { return nil }
        self.value = UInt8(truncatingIfNeeded: rawValue)
    }

    /// The number that `grpc-status` carries, 0 to 16.
    public var rawValue: Int { Int(value) }

    /// The call succeeded (0).
    public static var ok: StatusCode { StatusCode(value: 0) }
    /// The call was cancelled, typically by its caller (1).
    public static var cancelled: StatusCode { StatusCode(value: 1) }
    /// An error about which nothing more is known (2).
    public static var unknown: StatusCode { StatusCode(value: 2) }
    /// An argument is wrong whatever the state of the system (3).
    public static var invalidArgument: StatusCode { StatusCode(value: 3) }
    /// The deadline passed before the call ended (4).
    public static var deadlineExceeded: StatusCode { StatusCode(value: 4) }
    /// The thing asked for does not exist (5).
    public static var notFound: StatusCode { StatusCode(value: 5) }
    /// The thing to be created exists already (6).
    public static var alreadyExists: StatusCode { StatusCode(value: 6) }
    /// The caller is known and may not do this (7).
    public static var permissionDenied: StatusCode { StatusCode(value: 7) }
    /// A resource is used up: a quota, memory, or the bandwidth of a slow client (8).
    public static var resourceExhausted: StatusCode { StatusCode(value: 8) }
    /// The system is not in a state in which this can be done (9).
    public static var failedPrecondition: StatusCode { StatusCode(value: 9) }
    /// The operation was given up, typically after a conflict (10).
    public static var aborted: StatusCode { StatusCode(value: 10) }
    /// The operation went past the valid range (11).
    public static var outOfRange: StatusCode { StatusCode(value: 11) }
    /// The method or the feature is not implemented here (12).
    public static var unimplemented: StatusCode { StatusCode(value: 12) }
    /// An invariant is broken (13, INTERNAL; `internal` is a word of Swift).
    public static var internalError: StatusCode { StatusCode(value: 13) }
    /// The service cannot answer now; trying again may help (14).
    public static var unavailable: StatusCode { StatusCode(value: 14) }
    /// Data is lost or corrupt beyond repair (15).
    public static var dataLoss: StatusCode { StatusCode(value: 15) }
    /// The caller is not known (16).
    public static var unauthenticated: StatusCode { StatusCode(value: 16) }
}

extension StatusCode: CustomStringConvertible {
    /// The name as the specification spells it, for example `RESOURCE_EXHAUSTED`.
    public var description: String {
        switch value {
        case 0: "OK"
        case 1: "CANCELLED"
        case 2: "UNKNOWN"
        case 3: "INVALID_ARGUMENT"
        case 4: "DEADLINE_EXCEEDED"
        case 5: "NOT_FOUND"
        case 6: "ALREADY_EXISTS"
        case 7: "PERMISSION_DENIED"
        case 8: "RESOURCE_EXHAUSTED"
        case 9: "FAILED_PRECONDITION"
        case 10: "ABORTED"
        case 11: "OUT_OF_RANGE"
        case 12: "UNIMPLEMENTED"
        case 13: "INTERNAL"
        case 14: "UNAVAILABLE"
        case 15: "DATA_LOSS"
        default: "UNAUTHENTICATED"
        }
    }
}

extension StatusCode {
    /// The value of `grpc-status` for this code: decimal digits without leading zeros, made without allocation.
    package var headerValue: String {
        switch value {
        case 0: "0"
        case 1: "1"
        case 2: "2"
        case 3: "3"
        case 4: "4"
        case 5: "5"
        case 6: "6"
        case 7: "7"
        case 8: "8"
        case 9: "9"
        case 10: "10"
        case 11: "11"
        case 12: "12"
        case 13: "13"
        case 14: "14"
        case 15: "15"
        default: "16"
        }
    }

    /// The code that a received `grpc-status` value stands for; `unknown` for anything but 0 to 16 in digits.
    ///
    /// gRPC specification, `doc/PROTOCOL-HTTP2.md`, Status: a code that is not known is to be treated as UNKNOWN.
    package init(headerValue: String) {
        var number = 0
        var digits = 0
        for byte in headerValue.utf8 {
            guard byte >= 0x30, byte <= 0x39, digits < 2 else {
                self = .unknown
                return
            }
            number = number * 10 + Int(byte - 0x30)
            digits += 1
        }
        self = digits == 0 ? .unknown : StatusCode(rawValue: number) ?? .unknown
    }
}
