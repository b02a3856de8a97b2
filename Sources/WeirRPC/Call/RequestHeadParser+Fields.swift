// SPDX-License-Identifier: Apache-2.0

/// Where each field goes. Names are told apart by their length first, so that most are compared with one literal.
extension RequestHeadParser {
    mutating func addPseudoHeader(name: Span<UInt8>, value: Span<UInt8>) {
        // RFC 9113 §8.3: in front of all regular fields, none unknown and none twice.
        guard !seen.contains(.regularField) else {
            flaws.insert(.pseudoHeader)
            return
        }
        if name.equals(":path"), pathForm == .missing {
            pathForm = value.isMethodPath ? .wellFormed : .malformed
            guard !isOverLimit else { return }
            if pathForm == .wellFormed {
                path = value.string
            } else if value.count <= Self.maximumPlainPathBytes {
                plainPath = value.string
            }
        } else if name.equals(":method"), method == .missing {
            method = Self.method(value)
        } else if name.equals(":scheme"), seen.insert(.scheme).inserted {
            scheme = value.equals("http") ? "http" : value.equals("https") ? "https" : ""
        } else if name.equals(":authority"), seen.insert(.authority).inserted {
            if !isOverLimit { authority = value.printableString }
        } else {
            flaws.insert(.pseudoHeader)
        }
    }

    private static func method(_ value: Span<UInt8>) -> Method {
        if value.equals("POST") { return .post }
        if value.equals("GET") { return .get }
        if value.equals("HEAD") { return .head }
        return value.equals("CONNECT") ? .connect : .other
    }

    /// The longest path that is compared with those of pages, in bytes; a longer one is none of them.
    private static var maximumPlainPathBytes: Int { 1024 }

    /// Takes a field that has a meaning of its own; returns false when the field is none of these.
    mutating func addKnownField(name: Span<UInt8>, value: Span<UInt8>) -> Bool {
        switch name.count {
        case 2 where name.equals("te"):
            // RFC 9113 §8.2.2. A missing te is let pass, since proxies drop it.
            if !value.equals("trailers") { flaws.insert(.te) }
        case 4 where name.equals("host"):
            addHost(value)
        case 12 where name.equals("content-type"):
            addContentType(value)
        case 12 where name.equals("grpc-timeout"):
            guard seen.insert(.timeout).inserted else { return true }
            timeout = TimeoutHeader.parse(value)
            if timeout == nil { flaws.insert(.timeout) }
        case 13 where name.equals("grpc-encoding"):
            if encoding == nil, !isOverLimit {
                encoding = value.equals("identity") ? "identity" : value.printableString
            }
        case 20 where name.equals("grpc-accept-encoding"):
            if acceptEncoding == nil, !isOverLimit { acceptEncoding = value.printableString }
        case 10 where name.equals("user-agent"):
            if userAgent == nil, !isOverLimit { userAgent = value.printableString }
        case 14 where name.equals("content-length"):
            break  // HTTP/2 checks it; echoed as metadata it would spoil the response.
        case 10 where name.equals("connection") || name.equals("keep-alive"),
            7 where name.equals("upgrade"),
            16 where name.equals("proxy-connection"),
            17 where name.equals("transfer-encoding"):
            flaws.insert(.connectionSpecific)
        default:
            return false
        }
        return true
    }

    private mutating func addHost(_ value: Span<UInt8>) {
        // Beside :authority the host is dropped (gRFC A41); two of them are one too many.
        hostCount += 1
        if authority == nil, host == nil, !isOverLimit { host = value.printableString }
    }

    private mutating func addContentType(_ value: Span<UInt8>) {
        guard case .missing = contentType else { return }
        if value.equals("application/grpc") {
            contentType = .grpc(subtype: "")
        } else if value.equals("application/grpc+proto") {
            contentType = .grpc(subtype: "proto")
        } else if let subtype = subtype(ofContentType: value) {
            contentType = .grpc(subtype: subtype)
        } else {
            contentType = .foreign
        }
    }

    /// The subtype of any content-type that is gRPC's, or nil when it is another.
    ///
    /// That is `application/grpc` in whatever case, then the end, a plus or a semicolon, whose parameters are ignored.
    private func subtype(ofContentType value: Span<UInt8>) -> String? {
        let essence: StaticString = "application/grpc"
        let length = essence.utf8CodeUnitCount
        var lowered: [UInt8] = []
        for index in value.indices.prefix(length + 1 + RequestHeadParser.maximumSubtypeBytes + 1) {
            let byte = value[index]
            if byte == 0x3B { break }
            lowered.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
        }
        while lowered.last == 0x20 || lowered.last == 0x09 { lowered.removeLast() }
        guard lowered.count >= length, lowered.span.extracting(..<length).equals(essence) else { return nil }
        guard lowered.count > length else { return "" }
        let subtype = lowered[(length + 1)...]
        // What is echoed has to be a token (RFC 9110 §5.6.2); these are the characters that media types use.
        guard lowered[length] == 0x2B, subtype.count <= RequestHeadParser.maximumSubtypeBytes,
            subtype.allSatisfy({ MetadataName.isValid($0) || $0 == 0x2B })
        else { return nil }
        return String(decoding: subtype, as: UTF8.self)
    }

    /// The longest subtype that is accepted, and so sent back, in bytes.
    private static var maximumSubtypeBytes: Int { 64 }
}

// MARK: - Metadata

extension RequestHeadParser {
    mutating func addMetadata(_ nameRange: Range<Int>, _ valueRange: Range<Int>, in block: Span<UInt8>) {
        guard !isOverLimit else {
            // Refused whatever follows, so that what was kept need not be kept any longer.
            metadata = []
            return
        }
        let name = block.extracting(nameRange)
        guard name.isMetadataName, !name.isProtocolName else { return }
        if metadata.isEmpty {
            // What most requests need, so that it does not grow step by step.
            metadata.reserveCapacity(16)
        }
        if name.isBinaryName {
            addBinary(nameRange, valueRange, in: block)
        } else {
            let text = block.trimmed(valueRange)
            guard block.extracting(text).isPrintable else { return }
            metadata.append(PackedFields.Slot(name: nameRange, value: text, isBinary: false))
        }
    }

    /// Takes a value that is base64, or several of them that an intermediary joined by commas.
    private mutating func addBinary(_ nameRange: Range<Int>, _ valueRange: Range<Int>, in block: Span<UInt8>) {
        let end = valueRange.upperBound
        var start = valueRange.lowerBound
        for index in start...end where index == end || block[index] == 0x2C {
            if start > valueRange.lowerBound { fieldCount += 1 }
            guard !isOverLimit else { return }
            let part = block.trimmed(start..<index)
            guard let text = Base64.unpadded(block.extracting(part)) else {
                flaws.insert(.binary)
                return
            }
            let value = part.lowerBound + text.lowerBound..<part.lowerBound + text.upperBound
            metadata.append(PackedFields.Slot(name: nameRange, value: value, isBinary: true))
            start = index + 1
        }
    }
}
