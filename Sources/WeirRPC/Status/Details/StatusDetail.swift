// SPDX-License-Identifier: Apache-2.0

/// One machine-readable part of a status, sent as a `google.protobuf.Any` in `grpc-status-details-bin`.
public enum StatusDetail: Hashable, Sendable {
    /// Why the call failed, as a constant that programs can compare (`google.rpc.ErrorInfo`).
    case errorInfo(ErrorInfo)
    /// When the caller may try again (`google.rpc.RetryInfo`).
    case retryInfo(RetryInfo)
    /// What helps those who wrote the service (`google.rpc.DebugInfo`).
    case debugInfo(DebugInfo)
    /// Which quotas were used up (`google.rpc.QuotaFailure`).
    case quotaFailure(QuotaFailure)
    /// What has to be done before the call can succeed (`google.rpc.PreconditionFailure`).
    case preconditionFailure(PreconditionFailure)
    /// Which fields of the request are wrong (`google.rpc.BadRequest`).
    case badRequest(BadRequest)
    /// What the caller may quote when it reports the failure (`google.rpc.RequestInfo`).
    case requestInfo(RequestInfo)
    /// What was asked for and is the reason of the failure (`google.rpc.ResourceInfo`).
    case resourceInfo(ResourceInfo)
    /// Where to read on (`google.rpc.Help`).
    case help(Help)
    /// A text for the person in front of the program (`google.rpc.LocalizedMessage`).
    case localizedMessage(LocalizedMessage)
    /// Any other message: its type URL, such as `type.googleapis.com/my.package.Detail`, and its serialised bytes.
    case other(typeURL: String, value: [UInt8])
}

extension StatusDetail {
    /// The type URL that `google.protobuf.Any` carries for this detail.
    package var typeURL: String {
        switch self {
        case .errorInfo: "type.googleapis.com/google.rpc.ErrorInfo"
        case .retryInfo: "type.googleapis.com/google.rpc.RetryInfo"
        case .debugInfo: "type.googleapis.com/google.rpc.DebugInfo"
        case .quotaFailure: "type.googleapis.com/google.rpc.QuotaFailure"
        case .preconditionFailure: "type.googleapis.com/google.rpc.PreconditionFailure"
        case .badRequest: "type.googleapis.com/google.rpc.BadRequest"
        case .requestInfo: "type.googleapis.com/google.rpc.RequestInfo"
        case .resourceInfo: "type.googleapis.com/google.rpc.ResourceInfo"
        case .help: "type.googleapis.com/google.rpc.Help"
        case .localizedMessage: "type.googleapis.com/google.rpc.LocalizedMessage"
        case .other(let typeURL, _): typeURL
        }
    }

    /// The serialised message inside the `google.protobuf.Any`.
    package func encodedValue() -> [UInt8] {
        switch self {
        case .errorInfo(let info): info.encoded()
        case .retryInfo(let info): info.encoded()
        case .debugInfo(let info): info.encoded()
        case .quotaFailure(let failure): failure.encoded()
        case .preconditionFailure(let failure): failure.encoded()
        case .badRequest(let request): request.encoded()
        case .requestInfo(let info): info.encoded()
        case .resourceInfo(let info): info.encoded()
        case .help(let help): help.encoded()
        case .localizedMessage(let message): message.encoded()
        case .other(_, let value): value
        }
    }

    /// The detail that a `google.protobuf.Any` with these contents stands for.
    ///
    /// The type is what follows the URL's last slash. What is not known, or not what its type says, is kept as `other`.
    init(typeURL: String, value: ArraySlice<UInt8>) {
        let name = typeURL.split(separator: "/", omittingEmptySubsequences: false).last.map { String($0) } ?? ""
        let known: StatusDetail? =
            switch name {
            case "google.rpc.ErrorInfo": ErrorInfo(encoded: value).map { .errorInfo($0) }
            case "google.rpc.RetryInfo": RetryInfo(encoded: value).map { .retryInfo($0) }
            case "google.rpc.DebugInfo": DebugInfo(encoded: value).map { .debugInfo($0) }
            case "google.rpc.QuotaFailure": QuotaFailure(encoded: value).map { .quotaFailure($0) }
            case "google.rpc.PreconditionFailure":
                PreconditionFailure(encoded: value).map { .preconditionFailure($0) }
            case "google.rpc.BadRequest": BadRequest(encoded: value).map { .badRequest($0) }
            case "google.rpc.RequestInfo": RequestInfo(encoded: value).map { .requestInfo($0) }
            case "google.rpc.ResourceInfo": ResourceInfo(encoded: value).map { .resourceInfo($0) }
            case "google.rpc.Help": Help(encoded: value).map { .help($0) }
            case "google.rpc.LocalizedMessage": LocalizedMessage(encoded: value).map { .localizedMessage($0) }
            default: nil
            }
        self = known ?? .other(typeURL: typeURL, value: Array(value))
    }
}
