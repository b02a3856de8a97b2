// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// A Protocol Buffers message (proto3): a value that can be encoded to and decoded from the wire format.
///
/// Generated types conform to it; nobody else needs to. The requirements whose names start with `protobuf` are for
/// generated code.
public protocol ProtobufMessage: ProtobufValue {
    /// The full name, `weir.data.v1.DataChunk`.
    static var protobufName: String { get }

    /// For generated code: the message's fields, in the order of their numbers.
    static var protobufLayout: ProtobufLayout { get }

    /// For generated code: hands every field to `writer`, in the order of their numbers.
    func protobufWrite(to writer: ProtobufWriter)

    /// For generated code: takes every field from `reader`; throws if a string is not UTF-8.
    mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError)
}

extension ProtobufMessage {
    /// The full name, from the layout.
    public static var protobufName: String { protobufLayout.name }
}

// MARK: - Encoding

extension ProtobufMessage {
    /// The length of the encoded message in bytes; 0 for one that cannot be encoded.
    @inlinable
    public var serializedByteCount: Int {
        (try? withPacking { packing in packing.byteCount }) ?? 0
    }

    /// Returns the encoded message in a buffer of its own; throws if it is too large or nested too deep.
    @inlinable
    public func serialized() throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try serialize(into: &buffer)
        return buffer
    }

    /// Appends the encoded message to `buffer`; throws, leaving the buffer as it was, if it is too large or nested too deep.
    @inlinable
    public func serialize(into buffer: inout ByteBuffer) throws {
        try withPacking { packing in
            let byteCount = packing.byteCount
            // The buffer offers at least `minimumWritableBytes`, which is what `pack` asks for.
            unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { destination in
                unsafe packing.pack(into: UnsafeMutableRawBufferPointer(rebasing: destination[..<byteCount]))
                return byteCount
            }
        }
    }

    /// Lays the message out once and hands its size and a packer to `body`: the send path needs the size before it decides.
    ///
    /// Throws if the message is too large or nested too deep, and what `body` throws.
    @inlinable
    public func withPacking<R>(_ body: (borrowing ProtobufPacking) throws -> R) throws -> R {
        let table = unsafe Self.protobufLayout.linkedTable()
        return try unsafe withUnsafeTemporaryAllocation(byteCount: Arena.stackBytes, alignment: 16) { stack in
            var session = unsafe PackSession(arena: Arena(stack: stack, limit: .max))
            defer { session.arena.releaseChunks() }
            // The pointer to the session, and all pointers into its arena, are used only inside this closure.
            return try unsafe withUnsafeMutablePointer(to: &session) { session in
                // The blocks point into the storage of `self`'s buffers, which therefore has to live until `body` returns.
                try withExtendedLifetime(self) {
                    let writer = unsafe ProtobufWriter(outermost: table, session: session)
                    protobufWrite(to: writer)
                    return try body(writer.finish())
                }
            }
        }
    }
}

// MARK: - Decoding

extension ProtobufMessage {
    /// Decodes a message from all readable bytes of `bytes`.
    ///
    /// `bytes` fields of a kilobyte and more, and smaller ones that fill a good part of the buffer, are slices of `bytes`
    /// and not copies. Unknown fields are skipped. Throws for anything that is not the encoding of such a message, and
    /// when one of the limits of `options` is exceeded.
    @inlinable
    public init(serialized bytes: ByteBuffer, options: ProtobufDecodingOptions = .init()) throws(ProtobufError) {
        self.init()
        let table = unsafe Self.protobufLayout.linkedTable()
        var failure: ProtobufError?
        unsafe withUnsafeTemporaryAllocation(byteCount: Arena.stackBytes, alignment: 16) { stack in
            var session = unsafe UnpackSession(bytes: bytes, options: options, stack: stack)
            defer { session.arena.releaseChunks() }
            // The pointer to the session, and all pointers into its arena, are used only inside this closure.
            unsafe withUnsafeMutablePointer(to: &session) { session in
                do throws(ProtobufError) {
                    if let reader = try unsafe UnpackSession.unpack(session, bytes, table) {
                        try protobufRead(from: reader)
                    }
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }
}

// MARK: - As a field of another message

extension ProtobufMessage {
    /// For generated code: messages are pointed to.
    @inlinable
    public static var protobufStride: Int { MemoryLayout<UInt>.stride }

    /// For generated code: whether every field has its default.
    @inlinable
    public var protobufIsDefault: Bool { self == Self() }

    /// For generated code: lays the message out in a block of its own and stores its address.
    @inlinable
    public func protobufStore(in slot: ProtobufSlot, for writer: ProtobufWriter) {
        guard let nested = writer.nested(Self.protobufLayout, in: slot) else { return }
        protobufWrite(to: nested)
        nested.leave()
    }

    /// For generated code: reads the message whose address is stored.
    @inlinable
    public static func protobufLoad(
        from slot: ProtobufSlot, by reader: ProtobufReader
    ) throws(ProtobufError) -> Self {
        var message = Self()
        if let nested = reader.nested(Self.protobufLayout, in: slot) {
            try message.protobufRead(from: nested)
        }
        return message
    }
}
