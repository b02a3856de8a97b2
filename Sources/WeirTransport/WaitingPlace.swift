// SPDX-License-Identifier: Apache-2.0

/// Joins a task that is suspended on the engine and its cancellation.
///
/// `@unchecked Sendable`: only used on the loop.
final class WaitingPlace<Waiter: AnyObject>: @unchecked Sendable {
    /// Who waits, from when the engine knows of it.
    var waiter: Waiter?
    /// Whether the task was cancelled before.
    var isCancelled = false
}
