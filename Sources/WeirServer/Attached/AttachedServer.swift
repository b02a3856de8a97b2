// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
public import WeirProtobuf

/// A server, as far as its services know it.
public final class AttachedServer: Sendable {
    /// The full names of the services that it serves, in alphabetical order.
    public let serviceNames: [String]

    private let types: [any Service.Type]
    private let sourceOnceServing = Mutex<(any ConnectionSource)?>(nil)

    init(serviceNames: [String], types: [any Service.Type]) {
        self.serviceNames = serviceNames
        self.types = types
    }

    /// The files that declare its services; a file is there as often as a service names it.
    ///
    /// Made when asked for: a server that is never asked decodes nothing.
    public var fileDescriptors: [ProtobufFileDescriptor] { types.flatMap { $0.fileDescriptors } }

    /// Where its connections can be asked for, once it listens.
    package var source: (any ConnectionSource)? {
        get { sourceOnceServing.withLock { $0 } }
        set { sourceOnceServing.withLock { $0 = newValue } }
    }
}
