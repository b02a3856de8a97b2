// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2

/// Decodes field blocks (RFC 7541) with the library's decoder and none of its session, for peers that know only frames.
///
/// Confined to whoever owns it. Blocks must come in the order of the connection: they share a table.
@safe package final class FieldBlockDecoder {
    private var inflater: OpaquePointer?

    /// Makes the decoder of a new connection, with a table of 4,096 bytes.
    package init() {
        // Without memory there is no inflater, and no block can be decoded.
        unsafe nghttp2_hd_inflate_new(&inflater)
    }

    deinit {
        unsafe nghttp2_hd_inflate_del(inflater)
    }

    /// The fields of one whole block; nil when it cannot be decoded.
    package func decode(_ block: [UInt8]) -> HeaderFields? {
        guard unsafe inflater != nil else { return nil }
        var fields = HeaderFields()
        var position = 0
        while true {
            var pair = unsafe nghttp2_nv()
            var flags: Int32 = 0
            let used = unsafe block.withUnsafeBufferPointer { bytes in
                unsafe nghttp2_hd_inflate_hd2(
                    inflater, &pair, &flags, bytes.baseAddress.map { unsafe $0 + position }, bytes.count - position, 1)
            }
            guard used >= 0 else { return nil }
            position += used
            let hasField = flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0
            if hasField {
                unsafe fields.append(
                    name: UnsafeRawBufferPointer(start: pair.name, count: pair.namelen),
                    value: UnsafeRawBufferPointer(start: pair.value, count: pair.valuelen))
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
                unsafe nghttp2_hd_inflate_end_headers(inflater)
                return fields
            }
            if !hasField, position == block.count { return fields }
        }
    }
}
