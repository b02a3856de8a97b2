// SPDX-License-Identifier: Apache-2.0

/// How patient a server is with the reader of one call; settable for the server, a service or a method.
package struct FlowSettings: Sendable, Equatable {
    /// A stream that is blocked this long without a byte of progress is cancelled.
    package var stallDeadline: Duration = .seconds(60)
    /// As ``stallDeadline``, once the handler has returned and the rest of the response is still unsent.
    package var tailDeadline: Duration = .seconds(60)

    package init() {}
}
