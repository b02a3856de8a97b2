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
    ///
    /// Not where messages are compressed: that has a way of its own, which takes so long that one more call is nothing.
    func sendNow(_ packing: borrowing ProtobufPacking) throws(RPCError) -> Bool {
        takeHandedOver()
        if call.compressesResponses { return false }
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

    /// Sends a message that has to wait for room, at most until `deadline` from now, or that is compressed, or that comes from
    /// another thread.
    ///
    /// Returns the bytes that it has on the wire, without its prefix.
    @discardableResult
    nonisolated(nonsending) func sendWaiting<Message: ProtobufMessage>(
        _ message: Message, compressed: Bool? = nil, deadline: Duration? = nil
    ) async throws -> Int {
        if let error = knownEnd { throw error }
        let since = now
        let mayWait = deadline.map { $0 > .zero } ?? true
        let attempt = try await callOnLoop { _ in
            try self.attempt(message, compressed, mayWait: mayWait, since: since)
        }
        guard !attempt.isSent else { return attempt.byteCount }
        let copy = attempt.copy
        let byteCount = attempt.byteCount
        try await waitAndWrite(byteCount, since: since, deadline: deadline.map { since + $0 } ?? .distantFuture) {
            (call) throws(RPCError) in
            if let copy { return try self.write(message, copy, byteCount) }
            try Self.write(message, to: call)
        }
        return byteCount
    }

    /// Sends a message if there is room now, or says what to wait with; only on the loop.
    @inline(never)
    private func attempt<Message: ProtobufMessage>(
        _ message: Message, _ compressed: Bool?, mayWait: Bool, since: MonotonicInstant
    ) throws -> SendingAttempt {
        try message.withPacking { packing in
            takeHandedOver()
            if let bytes = try compress(packing, compressed) {
                let byteCount = bytes.readableBytes
                if mayWait ? try call.admit(byteCount) : try offer(byteCount, since: since) {
                    try call.writeCompressed(bytes)
                    return SendingAttempt(isSent: true, byteCount: byteCount)
                }
                return SendingAttempt(isSent: false, byteCount: byteCount, copy: keep(bytes))
            }
            let byteCount = packing.byteCount
            if mayWait ? try call.admit(byteCount) : try offer(byteCount, since: since) {
                try Self.write(packing, to: call)
                return SendingAttempt(isSent: true, byteCount: byteCount)
            }
            return SendingAttempt(isSent: false, byteCount: byteCount)
        }
    }

    /// Asks for room without waiting; true, or the deadline has passed.
    private func offer(_ byteCount: Int, since: MonotonicInstant) throws(RPCError) -> Bool {
        switch call.offer(byteCount) {
        case nil: return true
        case .ended(let error): throw error
        case .some: throw call.timedOut(byteCount, since: since, at: now)
        }
    }

    /// Sends a message and returns the bytes that it has on the wire, without its prefix.
    nonisolated(nonsending) func sendMeasured<Message: ProtobufMessage>(_ message: Message) async throws -> Int {
        var byteCount = 0
        let isSent = try message.withPacking { packing in
            byteCount = packing.byteCount
            return isOnLoop ? try sendNow(packing) : false
        }
        return isSent ? byteCount : try await sendWaiting(message)
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
        if let bytes = try compress(packing) {
            if let refusal = call.offer(bytes.readableBytes) {
                call.spares.give(bytes)
                return .refused(refusal)
            }
            try call.writeCompressed(bytes)
            return .sent
        }
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
