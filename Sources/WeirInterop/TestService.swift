// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirRPC
package import WeirServer
package import WeirServices

/// The service that gRPC's published interoperability cases call, as their description has it.
package struct TestService<Time: Clock>: Grpc_Testing_TestService.ServiceProtocol where Time.Duration == Duration {
    private let clock: Time
    private let start: Time.Instant
    private let load: LoadRecorder

    /// Makes a service that waits by this clock, and leaves the load that it is told to report out of band with `load`.
    package init(clock: Time, load: LoadRecorder = LoadRecorder()) {
        self.clock = clock
        start = clock.now
        self.load = load
    }

    /// Largest payload that is made up, in bytes.
    package static var maximumPayloadBytes: Int32 { 64 << 20 }
    /// Most responses that `HalfDuplexCall` keeps in mind until the client has ended its side.
    package static var maximumPendingResponses: Int { 1_024 }

    // MARK: - One request

    package func emptyCall(_ request: Grpc_Testing_Empty, context: CallContext) async throws -> Grpc_Testing_Empty {
        try await echoMetadata(context)
        return Grpc_Testing_Empty()
    }

    package func unaryCall(
        _ request: Grpc_Testing_SimpleRequest, context: CallContext
    ) async throws -> Grpc_Testing_SimpleResponse {
        try await echoMetadata(context)
        try await check(request.expectCompressed, context)
        if let report = request.orcaPerQueryReport { try context.setLoadReport(LoadReport(report)) }
        try check(request.responseStatus)
        if request.responseCompressed?.value == true { await compress(context) }
        var response = Grpc_Testing_SimpleResponse()
        response.payload = try payload(request.responseSize, of: request.responseType)
        if request.fillServerID { response.serverID = "weir" }
        return response
    }

    package func cacheableUnaryCall(
        _ request: Grpc_Testing_SimpleRequest, context: CallContext
    ) async throws -> Grpc_Testing_SimpleResponse {
        var metadata = try echoedMetadata(context)
        try metadata.add(name: "cache-control", value: "max-age=60, public")
        try await context.setResponseMetadata(metadata)
        // Two calls get the same answer only from a cache in between.
        var response = Grpc_Testing_SimpleResponse()
        var payload = Grpc_Testing_Payload()
        payload.body = ByteBuffer(string: "\(start.duration(to: clock.now))")
        response.payload = payload
        return response
    }

    package func unimplementedCall(
        _ request: Grpc_Testing_Empty, context: CallContext
    ) async throws -> Grpc_Testing_Empty {
        throw RPCError(.unimplemented, "UnimplementedCall is not implemented, on purpose")
    }

    package func streamingOutputCall(
        _ request: Grpc_Testing_StreamingOutputCallRequest,
        stream: ResponseStream<Grpc_Testing_StreamingOutputCallResponse>, context: CallContext
    ) async throws {
        try await echoMetadata(context)
        try await respond(to: request.responseParameters, of: request.responseType, on: stream, context)
        try check(request.responseStatus)
    }

    // MARK: - Many requests

    package func streamingInputCall(
        _ requests: RequestStream<Grpc_Testing_StreamingInputCallRequest>, context: CallContext
    ) async throws -> Grpc_Testing_StreamingInputCallResponse {
        try await echoMetadata(context)
        var byteCount: Int64 = 0
        for try await request in requests {
            try await check(request.expectCompressed, context)
            byteCount += Int64(request.payload?.body.readableBytes ?? 0)
        }
        var response = Grpc_Testing_StreamingInputCallResponse()
        response.aggregatedPayloadSize = Int32(clamping: byteCount)
        return response
    }

    package func fullDuplexCall(
        _ requests: RequestStream<Grpc_Testing_StreamingOutputCallRequest>,
        stream: ResponseStream<Grpc_Testing_StreamingOutputCallResponse>, context: CallContext
    ) async throws {
        try await echoMetadata(context)
        for try await request in requests {
            try check(request.responseStatus)
            if let report = request.orcaOobReport { load.update { $0 = LoadReport(report) } }
            try await respond(to: request.responseParameters, of: request.responseType, on: stream, context)
        }
    }

    package func halfDuplexCall(
        _ requests: RequestStream<Grpc_Testing_StreamingOutputCallRequest>,
        stream: ResponseStream<Grpc_Testing_StreamingOutputCallResponse>, context: CallContext
    ) async throws {
        try await echoMetadata(context)
        var pending: [Grpc_Testing_ResponseParameters] = []
        for try await request in requests {
            try check(request.responseStatus)
            guard request.responseParameters.count <= Self.maximumPendingResponses - pending.count else {
                throw RPCError(.resourceExhausted, "at most \(Self.maximumPendingResponses) responses may be asked for")
            }
            try check(request.responseType)
            pending += request.responseParameters
        }
        try await respond(to: pending, of: .compressable, on: stream, context)
    }

    // MARK: - What all of them do

    private func respond(
        to parameters: [Grpc_Testing_ResponseParameters], of type: Grpc_Testing_PayloadType,
        on stream: ResponseStream<Grpc_Testing_StreamingOutputCallResponse>, _ context: CallContext
    ) async throws {
        // What the response's header fields announce is announced once, ahead of the first message.
        if parameters.contains(where: { $0.compressed?.value == true }) { await compress(context) }
        for parameter in parameters {
            if parameter.intervalUs > 0 { try await clock.sleep(for: .microseconds(parameter.intervalUs)) }
            var response = Grpc_Testing_StreamingOutputCallResponse()
            response.payload = try payload(parameter.size, of: type)
            if let compressed = parameter.compressed {
                try await stream.send(response, compressed: compressed.value)
            } else {
                try await stream.send(response)
            }
        }
    }

    private func payload(
        _ size: Int32, of type: Grpc_Testing_PayloadType
    ) throws(RPCError) -> Grpc_Testing_Payload {
        try check(type)
        guard size >= 0, size <= Self.maximumPayloadBytes else {
            throw RPCError(.invalidArgument, "a payload has 0 to \(Self.maximumPayloadBytes) bytes, not \(size)")
        }
        var payload = Grpc_Testing_Payload()
        payload.body = ByteBuffer(repeating: 0, count: Int(size))
        return payload
    }

    private func check(_ type: Grpc_Testing_PayloadType) throws(RPCError) {
        guard type == .compressable else {
            throw RPCError(.invalidArgument, "there is no payload of type \(type.rawValue)")
        }
    }

    /// Refuses a message that came as it is although it should have come compressed: what the cases probe servers with first.
    private func check(_ expectCompressed: Grpc_Testing_BoolValue?, _ context: CallContext) async throws {
        guard expectCompressed?.value == true, await !context.requestWasCompressed else { return }
        throw RPCError(.invalidArgument, "the request should have been compressed and is not")
    }

    /// Compresses by what the client takes, if it takes anything.
    private func compress(_ context: CallContext) async {
        if await !context.setResponseCompression(.gzip) { await context.setResponseCompression(.deflate) }
    }

    private func check(_ wanted: Grpc_Testing_EchoStatus?) throws(RPCError) {
        guard let wanted, wanted.code != 0 else { return }
        throw RPCError(StatusCode(rawValue: Int(wanted.code)) ?? .unknown, wanted.message)
    }

    /// Ends the call with the whole `google.rpc.Status` that came along, if one did.
    ///
    /// No case of gRPC's asks for it: it shows that details are read and written as others do.
    private func echoStatus(_ context: CallContext) throws(RPCError) {
        guard let bytes = context.metadata[binary: "x-weir-test-echo-status-bin"] else { return }
        guard let status = Status(encodedDetails: bytes), status.code != .ok else {
            throw RPCError(.invalidArgument, "x-weir-test-echo-status-bin is no google.rpc.Status of an error")
        }
        throw RPCError(status)
    }

    /// Sends back what the case `custom_metadata` wants to see again.
    private func echoMetadata(_ context: CallContext) async throws {
        let initial = try echoedMetadata(context)
        if !initial.isEmpty { try await context.setResponseMetadata(initial) }
        if let value = context.metadata[binary: "x-grpc-test-echo-trailing-bin"] {
            var metadata = Metadata()
            try metadata.add(name: "x-grpc-test-echo-trailing-bin", binary: value)
            context.setTrailingMetadata(metadata)
        }
        try echoStatus(context)
    }
    private func echoedMetadata(_ context: CallContext) throws -> Metadata {
        var metadata = Metadata()
        if let value = context.metadata[string: "x-grpc-test-echo-initial"] {
            try metadata.add(name: "x-grpc-test-echo-initial", value: value)
        }
        return metadata
    }
}

extension LoadReport {
    fileprivate init(_ wanted: Grpc_Testing_TestOrcaReport) {
        self.init()
        cpuUtilization = wanted.cpuUtilization
        memoryUtilization = wanted.memoryUtilization
        requestCost = wanted.requestCost
        utilization = wanted.utilization
    }
}
