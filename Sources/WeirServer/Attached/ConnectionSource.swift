// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirTransport

/// Tells what a server's connections do, for channelz.
///
/// All questions are answered by the connections' own loops, one short job each.
package protocol ConnectionSource: AnyObject, Sendable {
    /// The address that the server listens on.
    var localAddress: SocketAddress? { get }
    /// The number of the socket that listens.
    var listenerID: UInt64 { get }
    /// What all connections did so far, those that are gone included.
    func totals() async -> ConnectionTotals
    /// The open connections with the lowest numbers from `start` on, in order, `limit` of them at most.
    func connections(from start: UInt64, limit: Int) async -> [ConnectionName]
    /// An open connection; nil when there is none of this number.
    func connection(_ id: UInt64) async -> ConnectionFacts?
}

extension ServerTransport: ConnectionSource {}
