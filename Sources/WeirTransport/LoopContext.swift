// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2
internal import WeirRPC

/// What the connections of one event loop share.
///
/// Confined to that loop.
final class LoopContext {
    let executor: LoopExecutor
    /// The loop's open connections.
    var connections: [UInt64: ServerConnectionHandler] = [:]
    /// What connections did that are gone.
    var ended = ConnectionStatistics()
    /// One buffer for frames on their way to the socket: a connection needs it only while it writes.
    var spareOutput = ByteBuffer()
    /// Buffers in which messages wait for their frames.
    let spares = BufferPool()
    /// Contexts of zlib for messages that are compressed; none before there is one.
    let compression = CompressionContexts()

    /// This loop's number.
    private let number: Int
    private let pressure: SendPressure
    private var watchesPressure = false
    /// Since when timers have acted without the sockets having had their turn.
    private var timersActSince: NIODeadline?

    init(executor: LoopExecutor, number: Int, pressure: SendPressure) {
        self.executor = executor
        self.number = number
        self.pressure = pressure
    }

    /// Whether a connection's timer may act now, or has to come back in ``timerPause`` because others have used up the time
    /// that the sockets can be left alone.
    ///
    /// The loop runs every timer that is due before it looks at its sockets, and thousands of streams may stall at once.
    func timerMayAct() -> Bool {
        guard let start = timersActSince else {
            timersActSince = .now()
            executor.eventLoop.assumeIsolated().scheduleTask(in: Self.timerPause) { self.timersActSince = nil }
            return true
        }
        return NIODeadline.now() - start < Self.timerTurn
    }

    /// How long timers may act before the sockets have their turn.
    private static let timerTurn = TimeAmount.microseconds(100)
    /// Long enough for the loop to look at its sockets first.
    static let timerPause = TimeAmount.microseconds(10)

    /// Comes by regularly while the process's send budget is used up.
    func watchPressure() {
        guard !watchesPressure else { return }
        watchesPressure = true
        executor.eventLoop.assumeIsolated().scheduleTask(
            in: .nanoseconds(ServerConnection.pressureInterval.saturatedNanoseconds)
        ) {
            self.watchesPressure = false
            var lasts = false
            self.executor.gather {
                lasts = self.pressure.relieve(
                    self.connections.values.map(\.connection), loop: self.number, at: .now)
            }
            self.executor.turn()
            if lasts { self.watchPressure() }
        }
    }
}
