// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
internal import WeirProtobuf
internal import WeirRPC
internal import WeirTransport

/// Sending a message: at once on the loop if there is room, else by waiting for it.
extension CallHandle {
    /// From this size on a `bytes` field is queued as the slice it is instead of being copied.
    static var sliceThresholdBytes: Int { 16 * 1024 }

    nonisolated(nonsending) func send<Message: ProtobufMessage>(_ message: Message) async throws {
        if isOnLoop, try sendNow(message) { return }
        try await ResponseCall(handle: self).sendWaiting(message)
    }

    /// As ``sendNow(_:)-(ProtobufPacking)``, from the message; a function of its own, so that async frames stay small.
    @inline(never)
    private func sendNow<Message: ProtobufMessage>(_ message: Message) throws -> Bool {
        try message.withPacking { packing in try sendNow(packing) }
    }

    /// Queues a message if there is room now; only on the loop.
    func sendNow(_ packing: borrowing ProtobufPacking) throws(RPCError) -> Bool {
        guard try call.admit(packing.byteCount) else { return false }
        try Self.write(packing, to: call)
        return true
    }

    /// Sends from a task that does not run on the loop.
    nonisolated(nonsending) func sendFromElsewhere<Message: ProtobufMessage>(_ message: Message) async throws {
        if try await callOnLoop({ _ in try self.sendNow(message) }) { return }
        try await waitForRoom(Self.byteCount(of: message))
        try await redeemFromElsewhere(message)
    }

    /// As ``redeem(_:)``, from a task that does not run on the loop.
    nonisolated(nonsending) func redeemFromElsewhere<Message: ProtobufMessage>(_ message: Message) async throws {
        try await callOnLoop { _ in try self.redeem(message) }
    }

    @inline(never)
    static func byteCount<Message: ProtobufMessage>(of message: Message) throws -> Int {
        try message.withPacking { packing in packing.byteCount }
    }

    /// Writes a message for which room was set aside; only on the loop.
    @inline(never)
    func redeem<Message: ProtobufMessage>(_ message: Message) throws {
        try call.redeem()
        try message.withPacking { packing in try Self.write(packing, to: call) }
    }

    @inline(__always)
    private static func write(_ packing: borrowing ProtobufPacking, to call: ServerCall) throws(RPCError) {
        if packing.largestBytesField >= sliceThresholdBytes {
            try writeSlices(packing, to: call)
        } else {
            unsafe try call.write(packing.byteCount) { space in unsafe packing.pack(into: space) }
        }
    }

    private static func writeSlices(_ packing: borrowing ProtobufPacking, to call: ServerCall) throws(RPCError) {
        unsafe try call.writePieces(packing.byteCount) { bytes, slice in
            unsafe packing.pack(sliceThreshold: sliceThresholdBytes, bytes: bytes, slice: slice)
        }
    }
}
