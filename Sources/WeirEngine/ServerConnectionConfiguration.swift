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
    /// How long a peer may take to acknowledge the drain's PING before the last GOAWAY goes out anyway.
    package var drainAcknowledgement: Duration = .seconds(5)
    /// When to tell a client whose stream was cut for a stall to come back.
    package var stallRetryDelay: Duration = .seconds(1)

    package init() {}
}
