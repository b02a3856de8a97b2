// SPDX-License-Identifier: Apache-2.0

/// A service that a ``Server`` can serve.
///
/// Generated service protocols refine this one and implement ``register(with:)``; an application implements the methods.
public protocol Service: Sendable {
    /// Adds the service's methods to the router.
    func register(with router: inout Router)
}
