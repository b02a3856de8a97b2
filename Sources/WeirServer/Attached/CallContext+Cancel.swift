// SPDX-License-Identifier: Apache-2.0

internal import WeirTransport

extension CallContext {
    /// Cancels the handler's task, from any thread.
    ///
    /// Later, when called from elsewhere than the connection's loop.
    package func cancelHandler() {
        let handle = handle
        handle.onLoop { _ in handle.task?.cancel() }
    }
}
