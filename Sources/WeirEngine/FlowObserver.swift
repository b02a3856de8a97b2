// SPDX-License-Identifier: Apache-2.0

package import WeirRPC

/// Somebody who watches a stream's blocked cause.
package final class FlowObserver {
    /// Called with each change, and with nil once at the end; always after the engine has been left.
    package let notify: (StreamFlow?) -> Void

    /// Whose observer it is, so that the owner need not keep it to have it removed.
    let owner: ObjectIdentifier?

    /// Makes an observer.
    package init(owner: ObjectIdentifier? = nil, notify: @escaping (StreamFlow?) -> Void) {
        self.owner = owner
        self.notify = notify
    }
}
