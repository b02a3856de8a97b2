// SPDX-License-Identifier: Apache-2.0

/// An error of an application that knows what a client is to be told.
///
/// A handler may throw it as it is.
public protocol RPCErrorConvertible: Error {
    /// The error as a status for the client.
    var rpcError: RPCError { get }
}

extension RPCError: RPCErrorConvertible {
    /// The error itself.
    public var rpcError: RPCError { self }
}

extension RPCError {
    /// What a call ends with whose handler throws `error`.
    ///
    /// An ``RPCError`` is that itself; an ``RPCErrorConvertible`` says it. `CancellationError` is CANCELLED. Of any other
    /// error the client gets UNKNOWN and no more, for what it says may be nobody else's business; it is the ``cause``.
    public init(for error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as any RPCErrorConvertible:
            self = error.rpcError
            if cause == nil { cause = error }
        case is CancellationError: self.init(.cancelled, "the call was cancelled", cause: error)
        default: self.init(.unknown, "the handler failed", cause: error)
        }
    }
}
