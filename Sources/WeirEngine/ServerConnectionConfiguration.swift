// SPDX-License-Identifier: Apache-2.0

package import WeirHTTP2

/// Everything a connection is told when it is made.
package struct ServerConnectionConfiguration: Sendable {
    /// What is announced and enforced at the level of HTTP/2.
    package var settings = HTTP2Settings()
    /// Watermarks and quanta of the send path.
    package var flowLimits = SendFlowController.Limits()
    /// Deadlines of calls whose route has no settings of its own, and of the connection's output.
    package var flow = FlowSettings()
    /// Most bytes queued on one connection, output that the kernel has not taken included.
    package var connectionSendBudgetBytes = 4 * 1024 * 1024
    /// How long a send budget must have been used up before the worst streams are shed.
    package var pressureBeforeShedding: Duration = .seconds(1)
    /// Most bytes of requests held on one connection, those beyond its window that its client may send all the same.
    ///
    /// A request message that does not fit fails; so at least the largest message a method takes.
    package var connectionReceiveBudgetBytes = 16 * 1024 * 1024
    /// How long a connection may stand still, full of requests that wait for their rest, before one of them is shed.
    package var receivePressure: Duration = .seconds(1)
    /// How long a peer may take from the connection's start to send its preface and SETTINGS, and then to acknowledge ours.
    package var handshakeDeadline: Duration = .seconds(10)
    /// How long a frame or a field section may take from its first byte, and a DATA frame from its last one.
    package var frameDeadline: Duration = .seconds(10)
    /// How long a peer may take to acknowledge the drain's PING before the last GOAWAY goes out anyway.
    package var drainAcknowledgement: Duration = .seconds(5)
    /// When to tell a client whose stream was cut for a stall to come back.
    package var stallRetryDelay: Duration = .seconds(1)

    package init() {}
}
