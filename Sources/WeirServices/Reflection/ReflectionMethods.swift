// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
internal import WeirRPC
internal import WeirServer

/// The method of `grpc.reflection.v1.ServerReflection`.
struct ReflectionMethods: Grpc_Reflection_V1_ServerReflection.ServiceProtocol {
    typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

    let index: ReflectionIndex
    let calls: OpenCalls

    func serverReflectionInfo(
        _ requests: RequestStream<Request>, stream: ResponseStream<Response>, context: CallContext
    ) async throws {
        try await calls.run(context) {
            // Names of files that were sent on this stream: no more than there are files.
            var sent: Set<String> = []
            for try await request in requests { try await stream.send(answer(request, &sent)) }
        }
    }

    private func answer(_ request: Request, _ sent: inout Set<String>) throws(RPCError) -> Response {
        var response = Response()
        response.validHost = request.host
        response.originalRequest = request
        let table = index.table
        switch request.messageRequest {
        case .fileByFilename(let name):
            response.messageResponse = Self.files(table, table.files[name], "file \(name)", &sent)
        case .fileContainingSymbol(let symbol):
            let file = table.file(ofSymbol: symbol)
            response.messageResponse = Self.files(table, file, "symbol \(symbol)", &sent)
        case .fileContainingExtension(let wanted):
            let file = table.file(ofExtension: wanted.extensionNumber, of: wanted.containingType)
            let what = "extension \(wanted.extensionNumber) of \(wanted.containingType)"
            response.messageResponse = Self.files(table, file, what, &sent)
        case .allExtensionNumbersOfType(let type):
            response.messageResponse = Self.numbers(table, type)
        case .listServices:
            var list = Grpc_Reflection_V1_ListServiceResponse()
            list.service = index.serviceNames.map { name in
                var service = Grpc_Reflection_V1_ServiceResponse()
                service.name = name
                return service
            }
            response.messageResponse = .listServicesResponse(list)
        case nil:
            throw RPCError(.invalidArgument, "a reflection request asks for nothing")
        }
        return response
    }

    /// The file, and then each file that it needs and that was not sent before.
    private static func files(
        _ table: ReflectionTable, _ file: ReflectionTable.File?, _ what: String, _ sent: inout Set<String>
    ) -> Response.OneOf_MessageResponse {
        guard let file else { return notFound(what) }
        var answer = Grpc_Reflection_V1_FileDescriptorResponse()
        sent.insert(file.name)
        answer.fileDescriptorProto.append(file.serialized)
        var pending = file.dependencies[...]
        while let name = pending.popFirst() {
            guard let next = table.files[name], sent.insert(name).inserted else { continue }
            answer.fileDescriptorProto.append(next.serialized)
            pending += next.dependencies
        }
        return .fileDescriptorResponse(answer)
    }

    private static func numbers(_ table: ReflectionTable, _ type: String) -> Response.OneOf_MessageResponse {
        guard let numbers = table.extensionNumbers(of: type) else { return notFound("message \(type)") }
        var answer = Grpc_Reflection_V1_ExtensionNumberResponse()
        answer.baseTypeName = type
        answer.extensionNumber = numbers
        return .allExtensionNumbersResponse(answer)
    }

    private static func notFound(_ what: String) -> Response.OneOf_MessageResponse {
        var error = Grpc_Reflection_V1_ErrorResponse()
        error.errorCode = Int32(StatusCode.notFound.rawValue)
        // The name is the client's own and may be long.
        error.errorMessage = "not found: \(what.prefix(256))"
        return .errorResponse(error)
    }
}
