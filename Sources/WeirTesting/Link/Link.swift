// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2

/// A connection in memory, with the kernels at both ends.
final class Link {
    /// What the client holds.
    private(set) var client: LinkEnd
    /// What the server holds.
    private(set) var server: LinkEnd

    init(_ configuration: LinkConfiguration, events: EventQueue) {
        let toClient = LinkDirection(configuration.toClient, events: events)
        let toServer = LinkDirection(configuration.toServer, events: events)
        client = LinkEnd(
            outbound: toServer, inbound: toClient, events: events,
            resetDelay: configuration.toServer.latency.saturatedNanoseconds)
        server = LinkEnd(
            outbound: toClient, inbound: toServer, events: events,
            resetDelay: configuration.toClient.latency.saturatedNanoseconds)
        client.peer = server
        server.peer = client
    }
}

/// One end of a link, as a socket shows it to a program.
final class LinkEnd {
    /// Called when bytes or the peer's end can be read.
    var onReadable: () -> Void = {}
    /// Called when the kernel takes bytes again after it refused some.
    var onWritable: () -> Void = {}
    /// Called once when the peer reset the connection.
    var onReset: () -> Void = {}

    fileprivate weak var peer: LinkEnd?
    private let outbound: LinkDirection
    private let inbound: LinkDirection
    private let events: EventQueue
    private let resetDelay: Int64
    /// Whether this end was closed, or learned of the peer's reset.
    private(set) var isClosed = false

    fileprivate init(outbound: LinkDirection, inbound: LinkDirection, events: EventQueue, resetDelay: Int64) {
        self.outbound = outbound
        self.inbound = inbound
        self.events = events
        self.resetDelay = resetDelay
        outbound.onWritable = { [weak self] in
            if let self, !self.isClosed { self.onWritable() }
        }
        inbound.onReadable = { [weak self] in self?.inboundChanged() }
    }

    /// Whether the kernel would take a byte.
    var isWritable: Bool { !isClosed && outbound.isWritable }
    /// Bytes the kernel has taken and not put on the wire.
    var unsentBytes: Int { outbound.unsentBytes }
    /// Bytes that can be read now.
    var readableBytes: Int { isClosed ? 0 : inbound.readableBytes }
    /// Whether the peer ended its side and everything before that was read.
    var isAtEnd: Bool { !isClosed && inbound.isAtEnd }
    /// Bytes that ever came to this end.
    var receivedBytes: UInt64 { inbound.deliveredBytes }

    /// Hands bytes to the kernel, which takes what it has room for.
    func write(_ bytes: inout ByteBuffer) {
        guard !isClosed else { return }
        outbound.write(&bytes)
    }

    /// Takes bytes that came; nil when there are none.
    func read(atMost limit: Int) -> ByteBuffer? {
        isClosed ? nil : inbound.read(atMost: limit)
    }

    /// Ends this side's sending (half-close): the peer reads the end behind the last byte.
    func endSending() {
        guard !isClosed else { return }
        outbound.endSending()
    }

    /// Closes the socket: what the kernel has taken still goes out, and what comes in resets the peer.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        outbound.endSending()
        if inbound.readableBytes > 0 { reset() }
    }

    /// Gives the connection up at once (RST): what the kernels hold is lost.
    func reset() {
        isClosed = true
        outbound.die()
        inbound.die()
        events.schedule(afterNanoseconds: resetDelay) { [weak peer] in peer?.wasReset() }
    }

    /// Goes away without a word, as a machine does that lost its power or its network.
    func vanish() {
        isClosed = true
        outbound.die()
        inbound.die()
    }

    private func wasReset() {
        guard !isClosed else { return }
        isClosed = true
        onReset()
    }

    private func inboundChanged() {
        guard isClosed else { return onReadable() }
        // Bytes for a socket that is closed: the kernel answers with a reset.
        if inbound.readableBytes > 0 { reset() }
    }
}
