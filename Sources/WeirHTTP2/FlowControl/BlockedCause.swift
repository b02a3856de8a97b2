// SPDX-License-Identifier: Apache-2.0

/// Why a stream that has bytes to send may not send them.
///
/// When several hold, the first in this order is named.
package enum BlockedCause: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    /// The kernel takes no more bytes of the connection.
    case socket
    /// A memory budget of ours is used up.
    case budget
    /// The connection's flow-control window is closed, or too small for the next message.
    case connectionWindow
    /// The stream's flow-control window is closed, or too small for the next message.
    case streamWindow

    /// The name used in status details, logs and metric labels.
    package var description: String {
        switch self {
        case .socket: "socket"
        case .budget: "budget"
        case .connectionWindow: "connection_window"
        case .streamWindow: "stream_window"
        }
    }
}
