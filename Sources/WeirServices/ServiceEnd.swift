// SPDX-License-Identifier: Apache-2.0

internal import WeirRPC

/// How streams end that would go on for ever.
enum ServiceEnd {
    /// The server drains: clients ask another one, or this one again.
    static var shuttingDown: RPCError {
        RPCError(
            Status(
                code: .unavailable, message: "the server is shutting down",
                details: [.errorInfo(ErrorInfo(reason: "SHUTTING_DOWN"))]))
    }
}
