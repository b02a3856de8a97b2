// SPDX-License-Identifier: Apache-2.0

package import NIOCore
internal import NIOPosix
package import WeirEngine
internal import WeirHTTP2

/// Listens, and runs one ``ServerConnection`` per connection on a group of event loops.
package final class ServerTransport: Sendable {
    /// How to listen.
    package struct Configuration: Sendable {
        /// The name or address to bind.
        package var host = "127.0.0.1"
        /// The port to bind; 0 picks a free one.
        package var port = 50051
        /// Event loops, each a thread.
        package var threads = System.coreCount
        /// Settings of each connection.
        package var connection = ServerConnectionConfiguration()
        /// Most bytes all connections together hold for their peers.
        package var processSendBudgetBytes = 1 << 30
        /// Most bytes all connections together hold of requests, what their clients may still send included.
        package var processReceiveBudgetBytes = 1 << 29
        /// Unsent bytes in the kernel's socket buffer above which it takes no more (`TCP_NOTSENT_LOWAT`).
        package var kernelUnsentBytes = 128 * 1024
        /// The longest stall or tail deadline of any method: the kernel must be more patient than that.
        package var longestDeadline: Duration = .seconds(60)
        /// Length of the accept queue.
        package var backlog = 1024

        package init() {}

        /// How long the kernel waits for acknowledgement or for a window (`TCP_USER_TIMEOUT`), in milliseconds.
        ///
        /// It ends connections to peers that are gone, for which our clocks need not run. It would also end one to a peer whose
        /// kernel still acknowledges zero-window probes, without a reason and without its streams being told, so it is longer
        /// than any deadline of ours, with what that may be kept late by (RFC 5482; Linux counts zero-window time too).
        package var kernelPatienceMilliseconds: Int {
            let milliseconds = max(0, longestDeadline.saturatedNanoseconds / 1_000_000)
            let (patience, overflow) = milliseconds.addingReportingOverflow(milliseconds / 4 + 10_000)
            return overflow ? Int(Int32.max) : min(max(30_000, Int(patience)), Int(Int32.max))
        }
    }

    /// What is open at the moment.
    package struct Snapshot: Sendable, Equatable {
        package var connections = 0
        package var streams = 0
        package var handlers = 0
        /// Bytes queued for peers, output that the kernel has not taken included.
        package var heldBytes = 0
        /// Bytes of requests that no handler has taken.
        package var receivedBytes = 0
        package var suspendedSenders = 0
        /// Deadlines that are armed.
        package var timers = 0

        package init() {}
    }

    /// The address that was bound.
    package let localAddress: SocketAddress?
    /// The number of the socket that listens.
    package let listenerID = EntityID.next()

    private let group: MultiThreadedEventLoopGroup
    let loops: [NIOLoopBound<LoopContext>]
    private let listener: any Channel

    /// Binds and starts to accept.
    ///
    /// - Throws: the operating system's error when the address cannot be bound.
    package init(
        configuration: Configuration, routes: any CallRouting, delegate: any ServerTransportDelegate
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.threads))
        self.group = group
        let budget = ProcessSendBudget(limitBytes: configuration.processSendBudgetBytes)
        let pressure = SendPressure(budget: budget, delay: configuration.connection.pressureBeforeShedding)
        let receiveBudget = ProcessReceiveBudget(limitBytes: configuration.processReceiveBudgetBytes)
        var contexts: [ObjectIdentifier: NIOLoopBound<LoopContext>] = [:]
        for (number, loop) in group.makeIterator().enumerated() {
            contexts[ObjectIdentifier(loop)] = try await loop.submit {
                let executor = LoopExecutor(eventLoop: loop)
                return NIOLoopBound(
                    LoopContext(executor: executor, number: number, pressure: pressure), eventLoop: loop)
            }.get()
        }
        let loops = Array(contexts.values)
        self.loops = loops
        budget.onPressure {
            for loop in loops { loop.eventLoop.execute { loop.value.watchPressure() } }
        }
        let contextOfLoop = contexts
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(clamping: configuration.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(
                    low: configuration.connection.settings.outputHighWatermarkBytes / 2,
                    high: configuration.connection.settings.outputHighWatermarkBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let context = contextOfLoop[ObjectIdentifier(channel.eventLoop)]?.value else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    // Not known to this kernel, or not a TCP socket: works without, with more hidden in the kernel.
                    for (option, value) in [
                        (ServerTransport.tcpNotSentLowWatermark, configuration.kernelUnsentBytes),
                        (ServerTransport.tcpUserTimeout, configuration.kernelPatienceMilliseconds),
                    ] {
                        _ = try? channel.syncOptions?.setOption(
                            ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: option)),
                            value: value)
                    }
                    let eventLoop = channel.eventLoop
                    let connection = try ServerConnection(
                        configuration: configuration.connection, routes: routes, budget: budget,
                        receiveBudget: receiveBudget, spares: context.spares, compression: context.compression,
                        now: .now,
                        confinement: { eventLoop.inEventLoop })
                    try channel.pipeline.syncOperations.addHandler(
                        ServerConnectionHandler(connection: connection, loop: context, delegate: delegate))
                }
            }
        do {
            listener = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        localAddress = listener.localAddress
    }

    /// `TCP_NOTSENT_LOWAT` of Linux's `<netinet/tcp.h>`.
    static let tcpNotSentLowWatermark: CInt = 25
    /// `TCP_USER_TIMEOUT` of the same header.
    static let tcpUserTimeout: CInt = 18

    // MARK: - State

    /// Counts what is open, on all loops.
    package func snapshot() async -> Snapshot {
        var sum = Snapshot()
        for loop in loops {
            let part = try? await loop.eventLoop.submit { Self.snapshot(of: loop.value) }.get()
            guard let part else { continue }
            sum.connections += part.connections
            sum.streams += part.streams
            sum.handlers += part.handlers
            sum.heldBytes += part.heldBytes
            sum.receivedBytes += part.receivedBytes
            sum.suspendedSenders += part.suspendedSenders
            sum.timers += part.timers
        }
        return sum
    }

    private static func snapshot(of loop: LoopContext) -> Snapshot {
        var part = Snapshot()
        part.connections = loop.connections.count
        for handler in loop.connections.values {
            let counts = handler.connection.counts
            part.streams += counts.streams
            part.heldBytes += counts.heldBytes
            part.receivedBytes += counts.receivedBytes
            part.suspendedSenders += counts.suspendedSenders
            part.timers += counts.timers
        }
        return part
    }

    // MARK: - Ending

    /// Stops listening and asks every connection to finish its calls.
    package func beginDrain() async {
        try? await listener.close().get()
        for loop in loops {
            try? await loop.eventLoop.submit {
                for handler in Array(loop.value.connections.values) { handler.beginDrain() }
            }.get()
        }
    }

    /// Ends every call with UNAVAILABLE.
    package func cutCalls() async {
        for loop in loops {
            try? await loop.eventLoop.submit {
                for handler in Array(loop.value.connections.values) { handler.cutCalls() }
            }.get()
        }
    }

    /// Closes what is still open.
    package func closeConnections() async {
        for loop in loops {
            try? await loop.eventLoop.submit {
                for handler in Array(loop.value.connections.values) { handler.closeNow() }
            }.get()
        }
    }

    /// Stops the loops.
    ///
    /// All connections must be closed and all handlers have returned.
    package func stop() async {
        try? await group.shutdownGracefully()
    }
}
