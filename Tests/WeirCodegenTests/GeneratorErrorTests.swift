// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirCodegen

/// What is not supported is reported by name, and nothing is generated.
@Suite struct GeneratorErrorTests {
    static let unsupported: [(proto: String, error: String)] = [
        (
            #"syntax = "proto2"; package p; message M { optional int32 a = 1; }"#,
            #"test.proto: only syntax = "proto3" is supported"#
        ),
        (
            #"syntax = "proto3"; package p; import "google/protobuf/struct.proto"; message M { google.protobuf.Value a = 1; }"#,
            "p.M.a: google.protobuf.Value is not supported yet"
        ),
        (
            """
            syntax = "proto3"; package p; import "google/protobuf/empty.proto"; message M {}
            service S { rpc Get(M) returns (google.protobuf.Empty); }
            """,
            "p.S.Get: google.protobuf.Empty is not supported yet"
        ),
        (
            """
            syntax = "proto3"; package p; import "google/protobuf/descriptor.proto";
            extend google.protobuf.FieldOptions { string note = 50000; }
            """,
            "test.proto: extension p.note is not supported"
        ),
    ]

    @Test("An unsupported declaration is named", arguments: unsupported.indices)
    func declaration(index: Int) throws {
        let (proto, error) = Self.unsupported[index]
        #expect(try generatorError(proto) == error)
    }

    static let options: [(String, GeneratorOptions)] = [
        ("", .init(visibility: .internal, server: true)),
        ("visibility=public", .init(visibility: .public)),
        ("visibility=package,server=false", .init(visibility: .package, server: false)),
        (" server = true , visibility = internal ", .init(visibility: .internal, server: true)),
    ]

    @Test("Options are read", arguments: options.indices)
    func read(index: Int) throws {
        let (parameter, options) = Self.options[index]
        #expect(try GeneratorOptions(parameter: parameter) == options)
    }

    static let wrongOptions: [(String, String)] = [
        ("visibility=private", "option visibility: private is none of public, package, internal"),
        ("server=maybe", "option server: maybe is neither true nor false"),
        ("server", "option server: a value is missing, as in server=…"),
        ("colour=red", "option colour is unknown; there are visibility and server"),
    ]

    @Test("Wrong options are reported", arguments: wrongOptions.indices)
    func wrong(index: Int) throws {
        let (parameter, description) = Self.wrongOptions[index]
        let error = #expect(throws: GeneratorError.self) { try GeneratorOptions(parameter: parameter) }
        #expect(error?.description == description)
    }

    @Test("The output is named after the proto file")
    func outputName() {
        #expect(Generator.outputName(for: "a/b.proto") == "a/b.weir.swift")
        #expect(Generator.outputName(for: "b") == "b.weir.swift")
    }
}
