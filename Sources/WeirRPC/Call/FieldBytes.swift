// SPDX-License-Identifier: Apache-2.0

/// What the header parser asks of the bytes of a name or a value, without making a `String` of them.
extension Span<UInt8> {
    /// Whether the bytes are exactly those of an ASCII literal.
    @inline(__always)
    func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        // A literal that is one scalar has no pointer; such names and values do not exist here.
        guard literal.hasPointerRepresentation else { return false }
        // The pointer is to a constant of the program and has as many bytes as the literal says.
        let bytes = unsafe UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        for index in indices where unsafe self[index] != bytes[index] { return false }
        return true
    }

    /// Whether the bytes end in `-bin`, which makes the values of a name binary.
    var isBinaryName: Bool {
        count >= 4 && self[count - 4] == 0x2D && self[count - 3] == 0x62 && self[count - 2] == 0x69
            && self[count - 1] == 0x6E
    }

    /// Whether the bytes may be the name of metadata.
    var isMetadataName: Bool {
        guard !isEmpty else { return false }
        var unfit: UInt8 = 0
        for index in indices { unfit |= MetadataName.unfitness(of: self[index]) }
        return unfit == 0
    }

    /// Whether the name is gRPC's own: those of HTTP that are reserved too never get as far as metadata.
    var isProtocolName: Bool {
        guard count >= 5, self[0] == 0x67, extracting(0..<5).equals("grpc-") else { return false }
        // See `MetadataName.isReserved(_:)`.
        return !equals("grpc-retry-pushback-ms") && !equals("grpc-previous-rpc-attempts")
    }

    /// Whether the bytes are `/service/method`: both parts there, printable ASCII and no space.
    ///
    /// The last slash is the one that ends the service's name; whether there is such a service is the router's affair.
    var isMethodPath: Bool {
        guard count >= 4, self[0] == 0x2F else { return false }
        var lastSlash = 0
        for index in indices {
            let byte = self[index]
            guard byte > 0x20, byte < 0x7F else { return false }
            if byte == 0x2F { lastSlash = index }
        }
        return lastSlash > 1 && lastSlash < count - 1
    }

    /// Whether all bytes are printable ASCII, spaces included.
    var isPrintable: Bool {
        // Branchless: eight or sixteen bytes are compared at once.
        var unfit: UInt8 = 0
        for index in indices { unfit |= self[index] &- 0x20 > 0x5E ? 1 : 0 }
        return unfit == 0
    }

    /// Whether the bytes begin or end with a space or a tab.
    var hasSpaceAtEnds: Bool {
        guard count > 0 else { return false }
        let (first, last) = (self[0], self[count - 1])
        return first == 0x20 || first == 0x09 || last == 0x20 || last == 0x09
    }

    /// The bytes as text when they are printable ASCII, else nil.
    var printableString: String? {
        isPrintable ? string : nil
    }

    /// The bytes as text; those that are not UTF-8 become U+FFFD.
    var string: String {
        // The string is made, and its bytes copied, before the pointer ends with the closure.
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The part of `range` that is left without the spaces and tabs at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, self[lower] == 0x20 || self[lower] == 0x09 { lower += 1 }
        while upper > lower, self[upper - 1] == 0x20 || self[upper - 1] == 0x09 { upper -= 1 }
        return lower..<upper
    }
}
