// SPDX-License-Identifier: Apache-2.0

internal import WeirRPC

/// Whom a call is counted for.
public enum CallerKey: Hashable, Sendable {
    /// The client's address: cheap, and shared by all behind one proxy.
    case peer
    /// Whom the client's certificate names; calls without one share a key.
    case certificate
    /// A value of the request's metadata, such as `x-tenant`; calls without it share a key.
    ///
    /// Use it only for what was authenticated before: a caller who may invent values has as many keys as it likes.
    case metadata(String)
    /// One key for all.
    case everyone

    /// The key of a call; empty for the one that calls without a key share.
    func value(of call: CallFacts) -> String {
        switch self {
        case .peer: call.peer
        case .certificate: call.certificate ?? ""
        case .metadata(let name): call.metadata[string: name] ?? ""
        case .everyone: ""
        }
    }
}
