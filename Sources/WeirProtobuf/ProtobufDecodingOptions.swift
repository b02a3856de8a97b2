// SPDX-License-Identifier: Apache-2.0

/// The limits that hold while a message from a peer is decoded.
public struct ProtobufDecodingOptions: Sendable, Hashable {
    /// How deep messages and groups may be nested, the outermost message being at depth 1; at most ``maximumNestingDepth``.
    ///
    /// 100 is the limit of the Protocol Buffers implementations of other languages.
    public var nestingDepth: Int

    /// The memory that decoding may use for a message of any size, in bytes.
    public var memoryBaseBytes: Int

    /// The memory that decoding may use in addition, in bytes per byte of the encoded message.
    ///
    /// The densest legal messages (thousands of empty messages or strings) need up to a hundred times their encoded size.
    public var memoryBytesPerEncodedByte: Int

    /// Creates options; the defaults suit messages from peers that are not trusted.
    public init(nestingDepth: Int = 100, memoryBaseBytes: Int = 256 << 10, memoryBytesPerEncodedByte: Int = 32) {
        self.nestingDepth = nestingDepth
        self.memoryBaseBytes = memoryBaseBytes
        self.memoryBytesPerEncodedByte = memoryBytesPerEncodedByte
    }

    /// The deepest nesting that can be asked for, in messages; it keeps recursion within the stack of any thread.
    @inlinable
    public static var maximumNestingDepth: Int { 500 }
}

extension ProtobufDecodingOptions {
    @inlinable
    var effectiveNestingDepth: Int { min(nestingDepth, Self.maximumNestingDepth) }

    /// The most memory a message of `encodedBytes` may use; saturates, so that no setting can overflow.
    @inlinable
    func memoryLimit(encodedBytes: Int) -> Int {
        let (proportional, overflow) = encodedBytes.multipliedReportingOverflow(by: max(0, memoryBytesPerEncodedByte))
        guard !overflow else { return .max }
        let (sum, sumOverflow) = proportional.addingReportingOverflow(max(0, memoryBaseBytes))
        return sumOverflow ? .max : sum
    }
}
