// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
public import WeirProtobuf
public import WeirRPC

/// What a client calls: a method and its request.
public struct ClientCall: Sendable {
    /// The value of `:path`, such as `/package.Service/Method`.
    public var path: String
    /// The request's one message, encoded.
    public var message: [UInt8]
    /// Fields sent along, such as `grpc-timeout`; names in lower case.
    public var fields: [(String, String)] = []

    /// Makes a call of a path with an encoded message.
    public init(path: String, message: [UInt8] = []) {
        self.path = path
        self.message = message
    }

    /// Makes a call of a method, without a message.
    public init(_ method: MethodDescriptor) {
        self.init(path: method.path)
    }

    /// Makes a call of a method.
    ///
    /// - Throws: the message cannot be encoded.
    public init(_ method: MethodDescriptor, _ request: some ProtobufMessage) throws {
        path = method.path
        message = Array(try request.serialized().readableBytesView)
    }

    /// The frames of the whole request; its stream stays open on the client's side unless it `ends`.
    func frames(stream: Int32, ends: Bool = true) -> [UInt8] {
        head(stream: stream).bytes + RawFrame.messageFrames(message, stream: stream, ends: ends).flatMap(\.bytes)
    }

    /// The request's fields.
    func head(stream: Int32) -> RawFrame {
        let head: [(String, String)] = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        return RawFrame.headers(head + fields, stream: stream)
    }
}
