// SPDX-License-Identifier: Apache-2.0

package import WeirRPC

/// How patient a server is with the client of one call; settable for the server, a service, a method and a call.
package struct FlowSettings: Sendable, Equatable {
    /// A stream that is blocked this long without a byte of progress is cancelled.
    package var stallDeadline: Duration = .seconds(60)
    /// As ``stallDeadline``, once the handler has returned and the rest of the response is still unsent.
    package var tailDeadline: Duration = .seconds(60)
    /// A stream on which nothing is to be sent and nothing was received for this long is cancelled; nil: never.
    package var idleDeadline: Duration?
    /// The least that a stream with something to send must move; nil: a byte per deadline is enough.
    package var minimumRate: MinimumRate?
    /// How long the client may take to send a request that the handler gets whole, or a message of one that is a stream; see ``requestBytesPerSecond``.
    package var requestDeadline: Duration = .seconds(10)
    /// Bytes of a request that buy one more second, never more than ``requestDeadline`` from when they came.
    package var requestBytesPerSecond = 1024

    package init() {}
}

/// The settings of one call, made only when its handler changes them.
final class FlowOverride {
    var flow: FlowSettings

    init(_ flow: FlowSettings) {
        self.flow = flow
    }
}
