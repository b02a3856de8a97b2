// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2

/// Decodes the server's field blocks (RFC 7541), with the library's decoder and none of its session.
final class FieldDecoder {
    private var inflater: OpaquePointer?

    init() {
        nghttp2_hd_inflate_new(&inflater)
    }

    deinit {
        nghttp2_hd_inflate_del(inflater)
    }

    /// The fields of one block; nil when it cannot be decoded.
    func decode(_ block: [UInt8]) -> [(name: String, value: String)]? {
        var fields: [(name: String, value: String)] = []
        var position = 0
        while true {
            var pair = nghttp2_nv()
            var flags: Int32 = 0
            let used = block.withUnsafeBufferPointer { bytes in
                nghttp2_hd_inflate_hd2(
                    inflater, &pair, &flags, bytes.baseAddress.map { $0 + position }, bytes.count - position, 1)
            }
            guard used >= 0 else { return nil }
            position += used
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = UnsafeBufferPointer(start: pair.name, count: pair.namelen)
                let value = UnsafeBufferPointer(start: pair.value, count: pair.valuelen)
                fields.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
                nghttp2_hd_inflate_end_headers(inflater)
                return fields
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) == 0, position == block.count { return fields }
        }
    }
}
