// SPDX-License-Identifier: Apache-2.0

public import WeirProtobuf

/// A service that a ``Server`` can serve.
///
/// Generated service protocols refine this one and implement ``register(with:)``; an application implements the methods.
public protocol Service: Sendable {
    /// Adds the service's methods to the router.
    func register(with router: inout Router)

    /// The files that declare the service, for reflection; none unless generated code says which.
    static var fileDescriptors: [ProtobufFileDescriptor] { get }
}

extension Service {
    /// No files: reflection names the service and knows nothing of its types.
    public static var fileDescriptors: [ProtobufFileDescriptor] { [] }
}
