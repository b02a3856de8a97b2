// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// A `.proto` file as generated code carries it: its `google.protobuf.FileDescriptorProto`, without comments.
///
/// For reflection. Holds a reference to text in the program's read-only data: nothing is decoded before ``serialized`` is
/// asked for.
public struct ProtobufFileDescriptor: Sendable {
    /// The name of the file, relative to its root: `weir/data/v1/data_service.proto`.
    public let name: String

    /// The files that it imports.
    public let dependencies: [ProtobufFileDescriptor]

    /// The encoding, one Unicode scalar for each byte: what `.proto` files consist of is mostly text.
    private let text: String

    /// For generated code: `text` has a scalar of the same number for each byte of the encoded `FileDescriptorProto`.
    public init(name: String, dependencies: [ProtobufFileDescriptor], text: String) {
        self.name = name
        self.dependencies = dependencies
        self.text = text
    }

    /// Makes a descriptor of an encoded `FileDescriptorProto`, for what no generator of Weir's made.
    public init(name: String, dependencies: [ProtobufFileDescriptor], serialized: ByteBuffer) {
        var text = ""
        for byte in serialized.readableBytesView { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        self.init(name: name, dependencies: dependencies, text: text)
    }

    /// The encoded `google.protobuf.FileDescriptorProto`; made anew each time.
    public var serialized: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars { bytes.writeInteger(UInt8(truncatingIfNeeded: scalar.value)) }
        return bytes
    }
}
