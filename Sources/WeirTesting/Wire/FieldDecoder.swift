// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2

/// Decodes the field blocks that a server sends on one connection (RFC 7541).
///
/// Blocks must be given in the order in which they came, those of all streams: they share a table.
public final class FieldDecoder {
    private let decoder = FieldBlockDecoder()

    /// Makes the decoder of a new connection.
    public init() {}

    /// The fields of one block; nil when it cannot be decoded, after which no later block can.
    public func decode(_ block: [UInt8]) -> [(name: String, value: String)]? {
        decoder.decode(block)?.strings
    }
}
