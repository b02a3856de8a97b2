// SPDX-License-Identifier: Apache-2.0

public import WeirProtobuf
public import WeirServer

/// `grpc.channelz.v1.Channelz`: tells what the servers that serve it do, and each of their connections.
///
/// What a connection did is counted on its event loop and asked for there: a question is one short job on each loop, and
/// calls cost nothing more for it. There are no channels and subchannels: those are clients'.
///
/// Source: gRFC A14 (channelz).
public struct ChannelzService: AttachedService {
    private let index = ChannelzIndex()

    /// Most entries of one answer, and how many there are if a client does not say.
    public static var maximumResults: Int { 100 }

    /// Makes a service that tells of the servers that serve it.
    public init() {}

    /// Registers all methods.
    public func register(with router: inout Router) {
        ChannelzMethods(index: index, wallClock: .system).register(with: &router)
    }

    /// The file that declares the service.
    public static var fileDescriptors: [ProtobufFileDescriptor] { ChannelzMethods.fileDescriptors }

    /// Tells of this server, too.
    public func attach(to server: AttachedServer) {
        index.add(server)
    }
}
