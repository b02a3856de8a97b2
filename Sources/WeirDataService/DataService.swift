// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirBackpressure
internal import WeirProtobuf
internal import WeirRPC
package import WeirServer

/// The service `weir.data.v1.DataService`: streams files, synthetic bytes and a ticker to any gRPC client.
package struct DataService: Weir_Data_V1_DataService.ServiceProtocol {
    private let catalog: DatasetCatalog

    /// Largest request of this service, in bytes: a request is a name and four numbers.
    package static let maximumRequestBytes = 64 * 1024

    /// Makes the service over a catalog of data sets.
    package init(catalog: DatasetCatalog) {
        self.catalog = catalog
    }

    package nonisolated(nonsending) func streamData(
        _ request: Weir_Data_V1_StreamRequest, stream: ResponseStream<Weir_Data_V1_DataChunk>, context: CallContext
    ) async throws {
        do {
            switch try await catalog.open(try DatasetRequest(request)) {
            case .synthetic(let reader): try await send(reader, to: stream)
            case var reader: try await send(&reader, to: stream, context)
            }
        } catch {
            throw Self.told(error)
        }
    }

    // What an async function has in its hands while it waits is held by each stalled stream. So the loops are functions of
    // their own, and a message is made in one that is not async.

    private nonisolated(nonsending) func send(
        _ reader: SyntheticReader, to stream: ResponseStream<Weir_Data_V1_DataChunk>
    ) async throws {
        var message = Weir_Data_V1_DataChunk()
        while try Self.next(of: reader, into: &message) { try await stream.send(message) }
    }

    private nonisolated(nonsending) func send(
        _ reader: inout DatasetReader, to stream: ResponseStream<Weir_Data_V1_DataChunk>, _ context: CallContext
    ) async throws {
        var dropped: UInt64 = 0
        // Also when the stream ends early: who reads the status learns what is missing.
        defer { Self.tell(dropped, context) }
        while let chunk = try await reader.next() {
            dropped = dropped.addingReportingOverflow(chunk.dropped).partialValue
            try await stream.send(Weir_Data_V1_DataChunk(chunk))
        }
    }

    /// Says in the trailers how many chunks the client has missed, if any.
    @inline(never)
    private static func tell(_ dropped: UInt64, _ context: CallContext) {
        guard dropped > 0 else { return }
        var metadata = Metadata()
        // The name and the value are well formed, so this never throws.
        try? metadata.add(name: "weir-dropped", value: String(dropped))
        context.addTrailingMetadata(metadata)
    }

    @inline(never)
    private static func next(of reader: SyntheticReader, into message: inout Weir_Data_V1_DataChunk) throws -> Bool {
        guard let chunk = try reader.nextUnlessCancelled() else { return false }
        message.sequence = chunk.sequence
        message.payload = chunk.payload
        return true
    }

    /// The error as the client is told it.
    @inline(never)
    private static func told(_ error: any Error) -> any Error {
        switch error {
        case let error as DatasetError: RPCError(error)
        case let error as BufferOverflow: RPCError(.resourceExhausted, "the client is too slow: \(error)", cause: error)
        default: error
        }
    }

    package nonisolated(nonsending) func listDatasets(
        _ request: Weir_Data_V1_ListDatasetsRequest, context: CallContext
    ) async throws -> Weir_Data_V1_ListDatasetsResponse {
        do {
            var response = Weir_Data_V1_ListDatasetsResponse()
            response.datasets = try await catalog.list().map { Weir_Data_V1_Dataset($0) }
            return response
        } catch let error as DatasetError {
            throw RPCError(error)
        }
    }
}

extension DatasetRequest {
    fileprivate init(_ request: Weir_Data_V1_StreamRequest) throws(DatasetError) {
        let framing: Framing
        switch request.framing {
        case .bytes: framing = .bytes
        case .lines: framing = .lines
        case .UNRECOGNIZED(let number):
            throw .invalid("framing \(number) is not known; use FRAMING_BYTES (0) or FRAMING_LINES (1)")
        }
        self.init(
            name: request.dataset, startSequence: request.startSequence, maxChunks: request.maxChunks,
            chunkBytes: request.chunkBytes, framing: framing)
    }
}

extension Weir_Data_V1_DataChunk {
    fileprivate init(_ chunk: DatasetChunk) {
        self.init()
        sequence = chunk.sequence
        payload = chunk.payload
        dropped = chunk.dropped
    }
}

extension Weir_Data_V1_Dataset {
    fileprivate init(_ entry: DatasetEntry) {
        self.init()
        name = entry.name
        kind =
            switch entry.kind {
            case .file: .file
            case .synthetic: .synthetic
            case .live: .live
            }
        sizeBytes = entry.sizeBytes ?? 0
        modified = entry.modified.map { time in
            var timestamp = Google_Protobuf_Timestamp()
            timestamp.seconds = time.seconds
            timestamp.nanos = time.nanoseconds
            return timestamp
        }
    }
}

extension RPCError {
    fileprivate init(_ error: DatasetError) {
        let code: StatusCode =
            switch error {
            case .invalid: .invalidArgument
            case .notFound: .notFound
            case .lineTooLong: .failedPrecondition
            case .fileChanged: .aborted
            case .unavailable: .unavailable
            case .rootUnusable, .readFailed: .internalError
            }
        self.init(code, error.description, cause: error)
    }
}
