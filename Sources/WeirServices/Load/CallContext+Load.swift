// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
public import WeirRPC
public import WeirServer

extension CallContext {
    /// Reports the server's load, and what this call cost, with the call's status.
    ///
    /// Goes out as the trailer `endpoint-load-metrics-bin` (gRFC A51), whatever the call ends with. To be called once for a
    /// call: a second report goes out behind the first, and clients look at one of them.
    ///
    /// - Throws: ``WeirRPC/RPCError`` with INTERNAL when the report cannot be encoded.
    public func setLoadReport(_ report: LoadReport) throws(RPCError) {
        do {
            var metadata = Metadata()
            let bytes = try report.message.serialized()
            try metadata.add(name: "endpoint-load-metrics-bin", binary: Array(bytes.readableBytesView))
            addTrailingMetadata(metadata)
        } catch {
            throw RPCError(.internalError, "the load report cannot be encoded: \(error)", cause: error)
        }
    }
}
