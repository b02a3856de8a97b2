// SPDX-License-Identifier: Apache-2.0

/// A stream's number on its connection (RFC 9113 §5.1.1).
package struct HTTP2StreamID: Hashable, Sendable, CustomStringConvertible {
    /// The number as it stands in frame headers; 0 is the connection.
    package var rawValue: Int32

    /// Makes the identifier of the stream with this number.
    package init(_ rawValue: Int32) {
        self.rawValue = rawValue
    }

    package var description: String { String(rawValue) }
}
