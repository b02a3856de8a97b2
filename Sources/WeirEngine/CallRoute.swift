// SPDX-License-Identifier: Apache-2.0

package import WeirRPC

/// Where a path leads: the method, its limits, and what the server hangs on it.
package final class CallRoute: Sendable {
    /// The method that is called.
    package let method: MethodDescriptor
    /// Largest request message, in bytes; of a compressed one when it is decompressed.
    package let maximumRequestBytes: Int
    /// Largest response message, in bytes; nil: as large as the send budget holds.
    package let maximumResponseBytes: Int?
    /// The deadlines of its calls; nil: those of the connection.
    package let flow: FlowSettings?
    /// How its responses are compressed for clients that take it.
    package let responseCompression: CompressionAlgorithm
    /// The server's handler; the engine only carries it.
    package let handler: any Sendable

    /// Makes a route.
    package init(
        method: MethodDescriptor, maximumRequestBytes: Int, maximumResponseBytes: Int? = nil,
        flow: FlowSettings? = nil, responseCompression: CompressionAlgorithm = .identity, handler: any Sendable
    ) {
        self.method = method
        self.maximumRequestBytes = maximumRequestBytes
        self.maximumResponseBytes = maximumResponseBytes
        self.flow = flow
        self.responseCompression = responseCompression
        self.handler = handler
    }
}

/// Finds the route of a path.
///
/// Called for each request, on the connection's loop; must not block.
package protocol CallRouting: AnyObject, Sendable {
    /// The route of `/service/method`, or nil when there is none.
    func route(path: String) -> CallRoute?
    /// Whether any method of the service of this path is known, for the text of UNIMPLEMENTED.
    func knowsService(ofPath path: String) -> Bool
}
