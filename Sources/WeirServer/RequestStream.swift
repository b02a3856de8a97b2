// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
public import WeirProtobuf
public import WeirRPC
internal import WeirTransport

/// The request messages of a call, as the client sends them.
///
/// ```swift
/// for try await point in requests {
///     summary.add(point)
/// }
/// ```
///
/// Taking a message gives its bytes back to the client as credit, and nothing else does: a handler that does not read stops
/// its client after one window (64 KiB at first). Nothing is decoded ahead.
///
/// Usable from any task and thread, by one of them at a time. A second iterator goes on where the first one stands.
public struct RequestStream<Message: ProtobufMessage>: AsyncSequence, Sendable {
    /// A request message.
    public typealias Element = Message
    /// Why there will be no more messages.
    public typealias Failure = RPCError

    let handle: CallHandle

    /// Begins to read, or goes on where another iterator stopped.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(handle: handle)
    }

    /// Takes one message after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let handle: CallHandle

        /// Takes the next message; nil once the client has ended its side and all messages were taken.
        ///
        /// Returns without suspending while there are messages. Otherwise it suspends until one is whole.
        ///
        /// - Throws: ``WeirRPC/RPCError``: the client cancelled or is gone, the call's deadline passed, the client broke off in
        ///   the middle of a message or sent one that is larger than the method's limit (RESOURCE_EXHAUSTED); then the call is
        ///   over. INTERNAL for a message that cannot be decoded; the call lives, and the next call of `next` takes the
        ///   message after it. INTERNAL when another task waits for a message already. CANCELLED when the task was cancelled.
        ///
        /// Cancel safety: a cancelled task gets an error or a message, and no message is lost.
        ///
        /// Source: RFC 9113 §5.2 (flow control), gRPC over HTTP/2 "Length-Prefixed-Message".
        public mutating func next() async throws(RPCError) -> Message? {
            try await handle.takeRequest()
        }

        /// As ``next()``, on the caller's actor.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Message? {
            try await handle.takeRequest()
        }
    }
}

/// Taking and decoding request messages.
extension CallHandle {
    fileprivate nonisolated(nonsending) func takeRequest<Message: ProtobufMessage>() async throws(RPCError) -> Message?
    {
        if isOnLoop {
            switch try takeRequestNow(Message.self) {
            case .message(let message): return message
            case .ended: return nil
            case .notYet: break
            }
        }
        return try Self.decode(await nextRequest())
    }

    /// Takes what is there; only on the loop.
    ///
    /// A function of its own, so that what it needs lies on the stack and not in the frame of the async function, which a
    /// stream that waits holds.
    @inline(never)
    private func takeRequestNow<Message: ProtobufMessage>(_: Message.Type) throws(RPCError) -> TakenRequest<Message> {
        guard let outcome = call.requestNow() else { return .notYet }
        guard let message: Message = try Self.decode(outcome) else { return .ended }
        return .message(message)
    }

    @inline(never)
    private static func decode<Message: ProtobufMessage>(_ outcome: RequestOutcome) throws(RPCError) -> Message? {
        switch outcome {
        case .message(let bytes): try Message(request: bytes)
        case .ended: nil
        case .failed(let error): throw error
        }
    }
}

/// What was there when a handler asked for a message.
private enum TakenRequest<Message> {
    case message(Message)
    case ended
    case notYet
}

extension ProtobufMessage {
    /// Decodes a request; what cannot be decoded is the client's fault (grpc-go answers INTERNAL too).
    @inline(never)
    init(request bytes: ByteBuffer) throws(RPCError) {
        do {
            try self.init(serialized: bytes)
        } catch {
            throw RPCError(.internalError, "the request is not a valid \(Self.protobufName): \(error)", cause: error)
        }
    }
}
