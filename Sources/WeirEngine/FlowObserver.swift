// SPDX-License-Identifier: Apache-2.0

package import WeirRPC

/// Somebody who watches a stream's blocked cause.
package final class FlowObserver {
    /// Called with each change, and with nil once at the end; always after the engine has been left.
    package let notify: (StreamFlow?) -> Void

    /// Makes an observer.
    package init(notify: @escaping (StreamFlow?) -> Void) {
        self.notify = notify
    }
}
