// SPDX-License-Identifier: Apache-2.0

package import WeirHTTP2

/// Where a connection and the handlers of its calls live: an event loop, or a simulation's queue.
///
/// A call may be used directly by whoever runs here, one at a time; everybody else goes through ``execute(_:)``.
package protocol CallExecutor: TaskExecutor {
    /// Whether the caller runs here.
    ///
    /// Asked for each message, so it must cost next to nothing.
    var isCurrent: Bool { get }

    /// The time by which deadlines are measured here.
    var now: MonotonicInstant { get }

    /// Runs `body` here, later.
    ///
    /// Callable from any thread; does not suspend.
    func execute(_ body: @escaping @Sendable () -> Void)

    /// Runs `body` here once the time has come.
    ///
    /// Callable from any thread; does not suspend.
    func schedule(at instant: MonotonicInstant, _ body: @escaping @Sendable () -> Void)
}
