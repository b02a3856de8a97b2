// SPDX-License-Identifier: Apache-2.0

import Foundation
import SwiftProtobuf
import Testing
import WeirCodegen

/// The descriptors that generated code carries for reflection.
@Suite struct DescriptorGeneratorTests {
    @Test("A file is carried whole, without comments and JSON names that follow from the names")
    func content() throws {
        let text = try generate(
            """
            syntax = "proto3";
            package demo;
            // A comment.
            message Tick {
              // Another one.
              string text_value = 1;
              bytes other = 200 [json_name = "else"];
            }
            """, withDescriptor: true)
        let proto = try decoded(text)
        #expect(proto.name == "test.proto" && proto.package == "demo" && !proto.hasSourceCodeInfo)
        #expect(proto.messageType.map(\.name) == ["Tick"])
        #expect(proto.messageType[0].field.map(\.name) == ["text_value", "other"])
        #expect(proto.messageType[0].field.map(\.number) == [1, 200])
        #expect(proto.messageType[0].field.map(\.hasJsonName) == [false, true])
        #expect(text.contains("\nnonisolated enum ProtobufFile_test {\n"))
        #expect(!text.contains("ServiceProtocol"))
    }

    @Test("Bytes that are no text, quotes and backslashes survive")
    func escapes() throws {
        let text = try generate(
            #"""
            syntax = "proto3";
            option java_package = "q\"b\\s\tt\u00e9";
            enum Number { ZERO = 0; LEAST = -2147483648; }
            """#, withDescriptor: true)
        let proto = try decoded(text)
        #expect(proto.options.javaPackage == "q\"b\\s\tté")
        #expect(proto.enumType[0].value.map(\.number) == [0, .min])
    }

    @Test("What is used is referred to; what is not, and a well-known type, is carried along")
    func dependencies() throws {
        let text = try generate(
            """
            syntax = "proto3";
            package demo;
            import "google/protobuf/timestamp.proto";
            import "google/protobuf/descriptor.proto";
            message Tick { google.protobuf.Timestamp time = 1; }
            """, withDescriptor: true)
        #expect(text.contains("dependencies: [embedded0, embedded1],"))
        #expect(text.contains("name: \"google/protobuf/timestamp.proto\","))
        #expect(text.contains("name: \"google/protobuf/descriptor.proto\","))
        let interop = try contents(of: "Sources/WeirInterop/Generated/test.weir.swift")
        #expect(
            interop.contains(
                "dependencies: [ProtobufFile_grpc_testing_empty.descriptor, ProtobufFile_grpc_testing_messages.descriptor]"
            ))
        let data = try contents(of: "Sources/WeirDataService/Generated/data_service.weir.swift")
        #expect(data.contains("enum ProtobufFile_weir_data_v1_data__service {"))
    }

    @Test("A service for servers names the file that declares it")
    func service() throws {
        let proto = """
            syntax = "proto3";
            message Tick {}
            service Ticks { rpc Get(Tick) returns (Tick); }
            """
        let line = "static var fileDescriptors: [ProtobufFileDescriptor] { [ProtobufFile_test.descriptor] }"
        #expect(try generate(proto, .init(server: true), withDescriptor: true).contains(line))
        #expect(try !generate(proto, .init(server: false), withDescriptor: true).contains(line))
    }

    /// The first descriptor in generated text, as a Swift compiler would read its literal.
    private func decoded(_ text: String) throws -> Google_Protobuf_FileDescriptorProto {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let first = try #require(lines.firstIndex { $0.hasSuffix("text: \"\"\"") })
        let last = try #require(lines[first...].firstIndex { $0.hasSuffix("\"\"\")") })
        let indentation = lines[last].prefix { $0 == " " }.count
        var literal = ""
        for line in lines[(first + 1)..<last] {
            let line = line.dropFirst(indentation)
            literal +=
                line.hasSuffix("\\") && !line.hasSuffix("\\\\") || line.hasSuffix("\\\\\\") ? line.dropLast() : line
        }
        var bytes: [UInt8] = []
        var rest = Substring(literal)
        while let character = rest.popFirst() {
            guard character == "\\" else {
                bytes.append(try #require(character.asciiValue))
                continue
            }
            switch rest.popFirst() {
            case "n": bytes.append(10)
            case "t": bytes.append(9)
            case "r": bytes.append(13)
            case "0": bytes.append(0)
            case "u":
                let digits = rest.dropFirst().prefix { $0 != "}" }
                rest = rest.dropFirst(digits.count + 2)
                bytes.append(try #require(UInt8(digits, radix: 16)))
            case let other?: bytes.append(try #require(other.asciiValue))
            case nil: Issue.record("the literal ends with a backslash")
            }
        }
        return try Google_Protobuf_FileDescriptorProto(serializedBytes: Data(bytes))
    }
}
