// SPDX-License-Identifier: Apache-2.0

/// What a client saw of its connection and of all calls on it.
///
/// Times count from the moment the connection was made.
public struct ConnectionRecord: Sendable, Equatable {
    /// A GOAWAY that the server sent.
    public struct GoAway: Sendable, Equatable {
        /// When it came.
        public let at: Duration
        /// Its error code.
        public let code: UInt32
        /// The highest stream that the server has worked on or still will.
        public let lastStream: Int32
        /// Its debug text, what of it can be printed.
        public let text: String
    }

    /// The calls, in the order in which they began; the first ``keptStreams`` of them.
    public internal(set) var streams: [StreamRecord] = []
    /// How many calls began.
    public internal(set) var callsBegun = 0
    /// The server's last GOAWAY.
    public internal(set) var goAway: GoAway?
    /// When the client sent its first GOAWAY; nil while it has not.
    public internal(set) var goAwaySentAt: Duration?
    /// When the server closed or reset the connection; nil while it has not.
    public internal(set) var closedAt: Duration?
    /// When the client closed the connection or vanished; nil while it has not.
    public internal(set) var leftAt: Duration?
    /// Whether the server had let go of the connection at the end, as a probe has shown; nil when nobody probed.
    ///
    /// For connections on which the client cannot see it: it does not read, or takes nothing from the network any more.
    public var serverClosed: Bool?
    /// When the client's last SETTINGS was acknowledged.
    public internal(set) var settingsAcknowledgedAt: Duration?
    /// Bytes sent, those that the client's own kernel has not taken included.
    public internal(set) var sentBytes = 0
    /// Bytes taken from the socket.
    public internal(set) var readBytes = 0
    /// When bytes were last taken from the socket.
    public internal(set) var lastReadAt: Duration?
    /// What the client's own ledger says the server may still send on this connection.
    public internal(set) var windowBytes = 65_535
    /// Acknowledgements of the client's PINGs and SETTINGS.
    public internal(set) var acknowledgements = 0
    /// Whether all that came were frames whose field blocks could be decoded.
    public internal(set) var isUnderstood = true

    /// Most calls of which a record is kept; of later ones only ``callsBegun`` knows.
    public static let keptStreams = 4_096

    /// Makes the record of a connection on which nothing has happened.
    public init() {}

    /// Whether the connection is there for both sides.
    public var isOpen: Bool { closedAt == nil && leftAt == nil }

    /// Whether every call is over, or the connection is.
    public var isOver: Bool { !isOpen || (callsBegun > 0 && streams.allSatisfy(\.isOver)) }

    /// Bytes of DATA on all streams.
    public var dataBytes: Int { streams.reduce(0) { $0 + $1.dataBytes } }

    /// Calls that are under way.
    public var openStreams: Int { isOpen ? streams.count { !$0.isOver } : 0 }
}
