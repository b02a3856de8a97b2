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

    private let call: RequestCall

    init(_ context: CallContext) {
        call = RequestCall(
            handle: context.handle, hooks: context.requestHooks,
            isWhole: !context.method.kind.streamsRequests)
    }

    /// Takes the only message of the request.
    ///
    /// Suspends until it is there and the client has ended its side.
    ///
    /// - Throws: as the iterator's `next`; UNIMPLEMENTED when there is none, or another one behind it (gRPC's status codes,
    ///   "request cardinality violation").
    public nonisolated(nonsending) func only() async throws(RPCError) -> Message {
        var iterator = makeAsyncIterator()
        guard let message = try await iterator.next() else {
            throw RPCError(.unimplemented, "the method takes one request message, and there was none")
        }
        guard try await iterator.next() == nil else {
            throw RPCError(.unimplemented, "the method takes one request message, not more")
        }
        return message
    }

    /// Begins to read, or goes on where another iterator stopped.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(call: call)
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
            case .message(let bytes): .message(try message(bytes))
            case .ended: .ended
            case .notYet: .notYet
            }
        }

        @inlinable @inline(never)
        func decode(_ bytes: ByteBuffer?) throws(RPCError) -> Message? {
            guard let bytes else { return nil }
            return try message(bytes)
        }

        @inlinable
        func message(_ bytes: ByteBuffer) throws(RPCError) -> Message {
            let message = try Message(request: bytes)
            return call.hooks == nil ? message : try call.hooked(message)
        }
    }
}

/// The part of a call that ``RequestStream`` needs when it is compiled into the application's module.
@usableFromInline
struct RequestCall: Sendable {
    let handle: CallHandle
    /// What interceptors do with messages.
    @usableFromInline let hooks: MessageHooks?
    /// Whether the request is one message, which is there.
    let isWhole: Bool

    /// Whether the caller runs on the connection's loop.
    @usableFromInline
    var isOnLoop: Bool { handle.isOnLoop }

    /// Takes what is there; only on the loop.
    @usableFromInline
    func takeNow() throws(RPCError) -> TakenRequest<ByteBuffer> {
        if isWhole { return try takeWhole() }
        return switch handle.call.requestNow() {
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
        if isWhole {
            guard let bytes = handle.request.take() else { return nil }
            return handle.requestIsCompressed ? try await handle.inflate(bytes) : bytes
        }
        switch await handle.nextRequest() {
        case .message(let bytes): return bytes
        case .compressed(let bytes): return try await handle.inflate(bytes)
        case .ended: return nil
        case .failed(let error): throw error
        }
    }

    private func takeWhole() throws(RPCError) -> TakenRequest<ByteBuffer> {
        guard let bytes = handle.request.take() else { return .ended }
        return .message(handle.requestIsCompressed ? try handle.inflateNow(bytes) : bytes)
    }

    /// The message after the hooks; only if there are any.
    @usableFromInline
    func hooked<Message: ProtobufMessage>(_ message: Message) throws(RPCError) -> Message {
        do { return try hooks.applied(to: message) } catch { throw RPCError(for: error) }
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
