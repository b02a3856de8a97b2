// SPDX-License-Identifier: Apache-2.0

/// One machine-readable part of a status, sent as a `google.protobuf.Any` in `grpc-status-details-bin`.
public enum StatusDetail: Hashable, Sendable {
    /// Why the call failed, as a constant that programs can compare (`google.rpc.ErrorInfo`).
    case errorInfo(ErrorInfo)
    /// When the caller may try again (`google.rpc.RetryInfo`).
    case retryInfo(RetryInfo)
    /// Any other message: its type URL, such as `type.googleapis.com/google.rpc.Help`, and its serialised bytes.
    case other(typeURL: String, value: [UInt8])
}

extension StatusDetail {
    /// The type URL that `google.protobuf.Any` carries for this detail.
    package var typeURL: String {
        switch self {
        case .errorInfo: "type.googleapis.com/google.rpc.ErrorInfo"
        case .retryInfo: "type.googleapis.com/google.rpc.RetryInfo"
        case .other(let typeURL, _): typeURL
        }
    }

    /// The serialised message inside the `google.protobuf.Any`.
    package func encodedValue() -> [UInt8] {
        switch self {
        case .errorInfo(let info): info.encoded()
        case .retryInfo(let info): info.encoded()
        case .other(_, let value): value
        }
    }
}
