// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf

/// What a chunk may hold at most, and where its bytes begin in the pattern.
private let largestChunk = 1 << 20
private let offsets: UInt64 = 65_536
private let defaultChunk = 16_000

/// 1 MiB and 64 KiB of SplitMix64 from 0, little-endian; every chunk is a slice of it.
private let pattern: Data = {
    var bytes = Data(capacity: largestChunk + Int(offsets))
    var state: UInt64 = 0
    while bytes.count < largestChunk + Int(offsets) {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: mixed >> (8 * byte))) }
    }
    return bytes
}()

/// `weir.data.v1.DataService` over gRPC Swift 2: data set "synthetic" only.
struct DataService: Weir_Data_V1_DataService.SimpleServiceProtocol {
    func streamData(
        request: Weir_Data_V1_StreamRequest, response: RPCWriter<Weir_Data_V1_DataChunk>, context: ServerContext
    ) async throws {
        guard request.dataset.isEmpty || request.dataset == "synthetic" else {
            throw RPCError(code: .notFound, message: "there is only the data set synthetic")
        }
        let size = request.chunkBytes == 0 ? defaultChunk : Int(request.chunkBytes)
        guard size <= largestChunk else {
            throw RPCError(code: .invalidArgument, message: "chunk_bytes is over \(largestChunk)")
        }
        var sent: UInt64 = 0
        while request.maxChunks == 0 || sent < request.maxChunks {
            let sequence = request.startSequence &+ sent
            let offset = Int((sequence &* 4099) % offsets)
            var chunk = Weir_Data_V1_DataChunk()
            chunk.sequence = sequence
            chunk.payload = pattern[offset..<offset + size]
            try await response.write(chunk)
            sent += 1
        }
    }

    func listDatasets(
        request: Weir_Data_V1_ListDatasetsRequest, context: ServerContext
    ) async throws -> Weir_Data_V1_ListDatasetsResponse {
        throw RPCError(code: .unimplemented, message: "there is only StreamData")
    }
}

@main
struct Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, arguments[1] == "--port", let port = Int(arguments[2]) else {
            FileHandle.standardError.write(Data("usage: server --port PORT\n".utf8))
            exit(64)
        }
        _ = pattern.count
        let server = GRPCServer(
            transport: .http2NIOPosix(
                address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: .plaintext),
            services: [DataService()])
        // Calls that run have no time to end: the process does.
        var sources: [any DispatchSourceSignal] = []
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { exit(0) }
            source.resume()
            sources.append(source)
        }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await server.serve() }
            if let address = try await server.listeningAddress?.ipv4 {
                FileHandle.standardOutput.write(Data("listening on 127.0.0.1:\(address.port)\n".utf8))
            }
        }
        withExtendedLifetime(sources) {}
    }
}
