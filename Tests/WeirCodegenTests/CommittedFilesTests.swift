// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirCodegen

/// The generated files that are committed are what the generator makes today.
@Suite struct CommittedFilesTests {
    @Test("The messages of the runtime's tests", arguments: ["all_types", "imported"])
    func messages(name: String) throws {
        let tests = "Tests/WeirProtobufTests"
        let text = try generate(file: "weir/test/\(name).proto", under: "\(tests)/Protos", .init())
        #expect(try contents(of: "\(tests)/Generated/weir/test/\(name).weir.swift") == text)
    }

    @Test("The service of the interoperability cases", arguments: ["empty", "messages", "test"])
    func interop(name: String) throws {
        let text = try generate(file: "grpc/testing/\(name).proto", under: "protos", .init(visibility: .package))
        #expect(try contents(of: "Sources/WeirInterop/Generated/\(name).weir.swift") == text)
    }

    @Test("The data service")
    func dataService() throws {
        let text = try generate(
            file: "weir/data/v1/data_service.proto", under: "protos", .init(visibility: .package))
        #expect(try contents(of: "Sources/WeirDataService/Generated/data_service.weir.swift") == text)
    }

    @Test(
        "The standard services",
        arguments: [
            "grpc/health/v1/health", "grpc/reflection/v1/reflection", "grpc/reflection/v1alpha/reflection_v1alpha",
            "grpc/channelz/v1/channelz", "xds/data/orca/v3/orca_load_report", "xds/service/orca/v3/orca",
            "weir/reflection/v1/file_outline",
        ])
    func standardServices(path: String) throws {
        let text = try generate(file: "\(path).proto", under: "protos", .init(visibility: .package))
        let name = path.split(separator: "/").last ?? ""
        #expect(try contents(of: "Sources/WeirServices/Generated/\(name).weir.swift") == text)
    }
}
