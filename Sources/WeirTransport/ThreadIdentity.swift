// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Which thread this is, cheap enough to be asked for each message.
package struct ThreadIdentity: Equatable, Sendable {
    /// The thread's handle; never 0.
    package let rawValue: UInt

    /// The calling thread.
    @inline(__always)
    package static var current: ThreadIdentity { ThreadIdentity(rawValue: UInt(pthread_self())) }
}
