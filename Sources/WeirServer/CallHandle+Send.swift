// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2
internal import WeirProtobuf
internal import WeirRPC
internal import WeirTransport

/// Sending a message: at once on the loop if there is room, else by waiting for it or not at all.
extension CallHandle {
    /// From this size on a `bytes` field is queued as the slice it is instead of being copied.
    static var sliceThresholdBytes: Int { 16 * 1024 }

    nonisolated(nonsending) func send<Message: ProtobufMessage>(_ message: Message) async throws {
        if isOnLoop, try sendNow(message) { return }
        try await ResponseCall(handle: self, hooks: nil).sendWaiting(message)
    }

    /// As ``sendNow(_:)-(ProtobufPacking)``, from the message; a function of its own, so that async frames stay small.
    @inline(never)
    private func sendNow<Message: ProtobufMessage>(_ message: Message) throws -> Bool {
        try message.withPacking { packing in try sendNow(packing) }
    }

    /// Queues a message if there is room now; only on the loop.
    func sendNow(_ packing: borrowing ProtobufPacking) throws(RPCError) -> Bool {
        takeHandedOver()
        guard try call.admit(packing.byteCount) else { return false }
        try Self.write(packing, to: call)
        return true
    }

    @inline(never)
    static func byteCount<Message: ProtobufMessage>(of message: Message) throws -> Int {
        try message.withPacking { packing in packing.byteCount }
    }

    /// Writes a message for which room was set aside; only on the loop.
    @inline(never)
    func redeem<Message: ProtobufMessage>(_ message: Message) throws {
        try call.redeem()
        try Self.write(message, to: call)
    }

    /// Writes a message for which room was set aside, from a task that left the loop in between.
    nonisolated(nonsending) func redeemFromElsewhere<Message: ProtobufMessage>(_ message: Message) async throws {
        try await callOnLoop { _ in try self.redeem(message) }
    }

    /// Sends a message that has to wait for room, from another thread or at most until `deadline` from now.
    nonisolated(nonsending) func sendWaiting<Message: ProtobufMessage>(
        _ message: Message, deadline: Duration? = nil
    ) async throws {
        if let error = knownEnd { throw error }
        let since = now
        // From elsewhere there may be room all the same.
        if !isOnLoop, try await callOnLoop({ _ in try message.withPacking { packing in try self.sendNow(packing) } }) {
            return
        }
        if let deadline, deadline <= .zero {
            return try await callOnLoop { _ in
                try message.withPacking { packing in try self.sendWithoutWaiting(packing, since: since) }
            }
        }
        let byteCount = try message.withPacking { packing in packing.byteCount }
        try await waitAndWrite(byteCount, since: since, deadline: deadline.map { since + $0 } ?? .distantFuture) {
            (call) throws(RPCError) in
            try Self.write(message, to: call)
        }
    }

    private func sendWithoutWaiting(_ packing: borrowing ProtobufPacking, since: MonotonicInstant) throws(RPCError) {
        switch try offerNow(packing) {
        case .sent: return
        case .refused(.ended(let error)): throw error
        case .refused: throw call.timedOut(packing.byteCount, since: since, at: now)
        }
    }

    /// Sends a message and returns its size in bytes.
    nonisolated(nonsending) func sendMeasured<Message: ProtobufMessage>(_ message: Message) async throws -> Int {
        var byteCount = 0
        let isSent = try message.withPacking { packing in
            byteCount = packing.byteCount
            return isOnLoop ? try sendNow(packing) : false
        }
        if !isSent { try await sendWaiting(message) }
        return byteCount
    }

    /// Offers a message without suspending, from any thread.
    func trySend<Message: ProtobufMessage>(_ message: Message) -> SendAttempt {
        do {
            return try message.withPacking { packing in isOnLoop ? try offerNow(packing) : handOver(packing) }
        } catch let error as RPCError {
            return .refused(.ended(error))
        } catch {
            return .refused(.ended(RPCError(.internalError, "the message cannot be serialised: \(error)")))
        }
    }

    private func offerNow(_ packing: borrowing ProtobufPacking) throws(RPCError) -> SendAttempt {
        takeHandedOver()
        if let refusal = call.offer(packing.byteCount) { return .refused(refusal) }
        try Self.write(packing, to: call)
        return .sent
    }

    private func handOver(_ packing: borrowing ProtobufPacking) -> SendAttempt {
        let byteCount = packing.byteCount
        // The packing is borrowed, so it may not go into a closure.
        switch beginHandOver(byteCount) {
        case .some(let refusal): return .refused(refusal)
        case nil:
            var bytes = ByteBuffer()
            unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { space in
                unsafe packing.pack(into: UnsafeMutableRawBufferPointer(rebasing: space[..<byteCount]))
                return byteCount
            }
            return finishHandOver(bytes)
        }
    }

    // MARK: - Writing

    /// Packs a message into room that was set aside for it.
    private static func write<Message: ProtobufMessage>(_ message: Message, to call: ServerCall) throws(RPCError) {
        do {
            try message.withPacking { packing in try write(packing, to: call) }
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(.internalError, "the message cannot be serialised: \(error)", cause: error)
        }
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
