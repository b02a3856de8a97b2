// SPDX-License-Identifier: Apache-2.0

/// What stands between a call and its handler, and holds something for it until that has returned.
package protocol CallGate: AnyObject {
    /// The call is over before its handler returned, or before it began; called on the loop.
    func callIsOver()
}
