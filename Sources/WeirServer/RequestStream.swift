// SPDX-License-Identifier: Apache-2.0

public import NIOCore
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
        AsyncIterator(call: RequestCall(handle: handle))
    }

    /// Takes one message after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let call: RequestCall

        /// Takes the next message; nil once the client has ended its side and all messages were taken.
        ///
        /// Returns without suspending while there are messages. Otherwise it suspends until one is whole.
        ///
        /// - Throws: ``WeirRPC/RPCError``: the client cancelled or is gone, the call's deadline passed, the client broke off in
        ///   the middle of a message or sent one that is larger than the method's limit (RESOURCE_EXHAUSTED); then the call is
        ///   over. INTERNAL for a message that cannot be decompressed or decoded, RESOURCE_EXHAUSTED for one that is over the
        ///   limit only once it is decompressed; the call lives, and the next call of `next` takes the message after it.
        ///   INTERNAL when another task waits for a message already. CANCELLED when the task was cancelled.
        ///
        /// Cancel safety: a cancelled task gets an error or a message, and no message is lost.
        ///
        /// Source: RFC 9113 §5.2 (flow control), gRPC over HTTP/2 "Length-Prefixed-Message".
        @inlinable
        public nonisolated(nonsending) mutating func next() async throws(RPCError) -> Message? {
            if call.isOnLoop {
                switch try takeNow() {
                case .message(let message): return message
                case .ended: return nil
                case .notYet: break
                }
            }
            return try decode(await call.takeWaiting())
        }

        /// As ``next()``; `for try await` calls it.
        ///
        /// Runs where its caller does without looking at `actor`: to switch to it, even to where the task is already, costs more
        /// than to take a message.
        @inlinable
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)?
        ) async throws(RPCError) -> Message? {
            try await next()
        }

        /// Takes what is there; only on the loop.
        ///
        /// A function of its own, so that what it needs lies on the stack and not in the frame of the async function, which a
        /// stream that waits holds.
        @inlinable @inline(never)
        func takeNow() throws(RPCError) -> TakenRequest<Message> {
            switch try call.takeNow() {
            case .message(let bytes): .message(try Message(request: bytes))
            case .ended: .ended
            case .notYet: .notYet
            }
        }

        @inlinable @inline(never)
        func decode(_ bytes: ByteBuffer?) throws(RPCError) -> Message? {
            guard let bytes else { return nil }
            return try Message(request: bytes)
        }
    }
}

/// The part of a call that ``RequestStream`` needs when it is compiled into the application's module.
@usableFromInline
struct RequestCall: Sendable {
    let handle: CallHandle

    /// Whether the caller runs on the connection's loop.
    @usableFromInline
    var isOnLoop: Bool { handle.isOnLoop }

    /// Takes what is there; only on the loop.
    @usableFromInline
    func takeNow() throws(RPCError) -> TakenRequest<ByteBuffer> {
        switch handle.call.requestNow() {
        case .message(let bytes): .message(bytes)
        case .compressed(let bytes): .message(try handle.inflateNow(bytes))
        case .ended: .ended
        case .failed(let error): throw error
        case nil: .notYet
        }
    }

    /// Suspends until the next message is there, and takes it; nil at the end of the request.
    @usableFromInline
    nonisolated(nonsending) func takeWaiting() async throws(RPCError) -> ByteBuffer? {
        switch await handle.nextRequest() {
        case .message(let bytes): return bytes
        case .compressed(let bytes): return try await handle.inflate(bytes)
        case .ended: return nil
        case .failed(let error): throw error
        }
    }
}

/// What was there when a handler asked for a message.
@usableFromInline
enum TakenRequest<Content> {
    case message(Content)
    case ended
    case notYet
}

extension ProtobufMessage {
    /// Decodes a request; what cannot be decoded is the client's fault (grpc-go answers INTERNAL too).
    @inlinable
    init(request bytes: ByteBuffer) throws(RPCError) {
        do throws(ProtobufError) {
            try self.init(serialized: bytes)
        } catch {
            throw RPCError(.internalError, "the request is not a valid \(Self.protobufName): \(error)", cause: error)
        }
    }
}
