// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("An RPC error")
struct RPCErrorTests {
    private struct DiskFull: Error, CustomStringConvertible {
        var description: String { "disk full" }
    }

    @Test("says its code, its message and its cause")
    func description() {
        #expect(RPCError(.resourceExhausted, "too slow").description == "RESOURCE_EXHAUSTED: too slow")
        #expect(RPCError(.aborted, "").description == "ABORTED")
        #expect(
            RPCError(.dataLoss, "not written", cause: DiskFull()).description
                == "DATA_LOSS: not written (caused by: disk full)")
    }

    @Test("sends code, message and details, and keeps the cause to itself")
    func status() {
        let details = [StatusDetail.retryInfo(RetryInfo(retryDelay: .seconds(1)))]
        let error = RPCError(.unavailable, "later", details: details, cause: DiskFull())
        #expect(error.status == Status(code: .unavailable, message: "later", details: details))
        #expect(RPCError(error.status).status == error.status)
    }

    @Test("what a handler throws as the error that its client is told")
    func anyError() {
        struct Secret: Error {}
        struct Known: RPCErrorConvertible {
            var rpcError: RPCError { RPCError(.notFound, "no such thing") }
        }
        #expect(RPCError(for: RPCError(.aborted, "a")).description == "ABORTED: a")
        #expect(RPCError(for: CancellationError()).code == .cancelled)
        let unknown = RPCError(for: Secret())
        #expect(unknown.status == Status(code: .unknown, message: "the handler failed"))
        #expect(unknown.cause is Secret)
        let known = RPCError(for: Known())
        #expect(known.status == Status(code: .notFound, message: "no such thing"))
        #expect(known.cause is Known)
    }
}
