// SPDX-License-Identifier: Apache-2.0

/// Where to read on (`google/rpc/error_details.proto`, `Help`).
public struct Help: Hashable, Sendable {
    /// One page.
    public struct Link: Hashable, Sendable {
        /// What the page is about.
        public var description: String
        /// Its address.
        public var url: String

        /// A page.
        public init(description: String, url: String) {
            self.description = description
            self.url = url
        }
    }

    /// The pages.
    public var links: [Link]

    /// A detail with these.
    public init(links: [Link]) {
        self.links = links
    }
}

extension Help {
    /// The serialised message: repeated links = 1, each with description = 1, url = 2.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        for one in links {
            writer.writeMessage(field: 1) { (inner: inout ProtobufWriter) in
                inner.writeString(one.description, field: 1)
                inner.writeString(one.url, field: 2)
            }
        }
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(links: [])
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            field.number == 1 ? field.append(Link.init(encoded:), to: &links) : true
        }
        guard isWhole else { return nil }
    }
}

extension Help.Link {
    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(description: "", url: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: field.take(&description)
            case 2: field.take(&url)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
