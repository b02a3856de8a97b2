// SPDX-License-Identifier: Apache-2.0

public import WeirProtobuf
internal import WeirRPC
public import WeirServer

/// `grpc.reflection.v1.ServerReflection` and its forerunner `v1alpha`: tells clients which services there are, and of which
/// types, so that tools such as grpcurl need no `.proto` files.
///
/// Answers from the descriptors that generated code carries; they are decoded at the first question. Streams that are open
/// when the server drains end with UNAVAILABLE.
///
/// Source: gRPC server reflection protocol (`doc/server-reflection.md`).
public struct ReflectionService: AttachedService {
    private let index = ReflectionIndex()
    private let calls = OpenCalls(limit: Self.maximumStreams)

    /// Most streams at a time; one more is refused with RESOURCE_EXHAUSTED.
    public static var maximumStreams: Int { 1024 }

    /// Makes a service that tells of the servers that serve it.
    public init() {}

    /// Registers both versions, whose messages are the same on the wire.
    public func register(with router: inout Router) {
        let methods = ReflectionMethods(index: index, calls: calls)
        methods.register(with: &router)
        let alpha = Grpc_Reflection_V1alpha_ServerReflection.Method.ServerReflectionInfo.descriptor
        router.bidirectionalStreaming(alpha, ReflectionMethods.Request.self, ReflectionMethods.Response.self) {
            requests, stream, context in
            try await methods.serverReflectionInfo(requests, stream: stream, context: context)
        }
    }

    /// The files that declare both versions.
    public static var fileDescriptors: [ProtobufFileDescriptor] {
        ReflectionMethods.fileDescriptors + [ProtobufFile_grpc_reflection_v1alpha_reflection__v1alpha.descriptor]
    }

    /// Tells of this server, too.
    public func attach(to server: AttachedServer) {
        index.add(server)
    }

    /// Ends the streams that are open.
    public func serverWillDrain() {
        calls.drain()
    }
}
