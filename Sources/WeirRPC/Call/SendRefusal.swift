// SPDX-License-Identifier: Apache-2.0

/// Why a message that was offered without waiting was not taken.
///
/// When several reasons hold, the first of the order below is named. All but ``tooLarge`` and ``ended(_:)`` pass when the
/// client reads.
public enum SendRefusal: Sendable, CustomStringConvertible {
    /// The call is over: nothing can be sent on it any more, for this reason.
    indirect case ended(RPCError)
    /// The message is larger than a send budget, so that no amount of waiting helps.
    case tooLarge
    /// Other messages of the stream wait already, and go first.
    case othersWait
    /// The kernel takes no more bytes of the connection.
    case socket
    /// A memory budget of the server is used up.
    case budget
    /// The connection's flow-control window is too small, or other streams that wait for it have their turn first.
    case connectionWindow
    /// The stream's flow-control window is too small for the message.
    case streamWindow
    /// The stream's queue is full: the client reads, only not fast enough.
    case queueFull

    /// The name used in logs and metric labels, such as `stream_window`.
    public var description: String {
        switch self {
        case .ended(let error): "ended (\(error))"
        case .tooLarge: "too_large"
        case .othersWait: "others_wait"
        case .socket: "socket"
        case .budget: "budget"
        case .connectionWindow: "connection_window"
        case .streamWindow: "stream_window"
        case .queueFull: "queue_full"
        }
    }
}
