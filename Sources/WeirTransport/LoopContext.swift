// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2

/// What the connections of one event loop share.
///
/// Confined to that loop.
final class LoopContext {
    let executor: LoopExecutor
    /// The loop's open connections.
    var connections: [ObjectIdentifier: ServerConnectionHandler] = [:]
    /// One buffer for frames on their way to the socket: a connection needs it only while it writes.
    var spareOutput = ByteBuffer()

    /// This loop's number.
    private let number: Int
    private let pressure: SendPressure
    private var watchesPressure = false

    init(executor: LoopExecutor, number: Int, pressure: SendPressure) {
        self.executor = executor
        self.number = number
        self.pressure = pressure
    }

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
