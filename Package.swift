// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// What every target is compiled with: Swift 6, explicit `any`, imports that do not leak, async functions that stay on
/// their caller's executor, and no warning that is merely printed.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

/// Targets that touch C, or raw memory, also say `unsafe` at each place where they do.
let strictWithC: [SwiftSetting] = strict + [.strictMemorySafety()]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "weir",
    products: [
        .library(name: "WeirRPC", targets: ["WeirRPC"]),
        .library(name: "WeirBackpressure", targets: ["WeirBackpressure"]),
        .library(name: "WeirProtobuf", targets: ["WeirProtobuf"]),
        .library(name: "WeirServer", targets: ["WeirServer"]),
        .library(name: "WeirConfiguration", targets: ["WeirConfiguration"]),
        .library(name: "WeirObservability", targets: ["WeirObservability"]),
        .library(name: "WeirServices", targets: ["WeirServices"]),
        .library(name: "WeirTesting", targets: ["WeirTesting"]),
        .library(name: "WeirSlowClients", targets: ["WeirSlowClients"]),
        .executable(name: "weir", targets: ["WeirCommand"]),
        .executable(name: "protoc-gen-weir", targets: ["protoc-gen-weir"]),
        .executable(name: "weir-interop-server", targets: ["weir-interop-server"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "WeirHTTP2", dependencies: ["CNGHTTP2", nioCore, deque], swiftSettings: strictWithC),
        .target(name: "WeirRPC", dependencies: ["CZlib", nioCore], swiftSettings: strictWithC),
        .target(name: "WeirBackpressure", dependencies: ["WeirRPC", deque], swiftSettings: strict),
        .target(
            name: "WeirEngine", dependencies: ["WeirHTTP2", "WeirRPC", nioCore, deque], swiftSettings: strictWithC),
        .target(
            name: "WeirTransport",
            dependencies: ["WeirEngine", "WeirHTTP2", "WeirRPC", nioCore, nioPosix, nioSSL, deque, logging],
            swiftSettings: strictWithC),
        .target(name: "WeirProtobuf", dependencies: ["CProtobufC", nioCore], swiftSettings: strictWithC),
        .target(
            name: "WeirServer",
            dependencies: [
                "WeirProtobuf", "WeirRPC", "WeirHTTP2", "WeirEngine", "WeirTransport", "WeirBackpressure", nioCore,
                logging, serviceLifecycle,
            ],
            swiftSettings: strictWithC),
        .target(
            name: "WeirConfiguration",
            dependencies: ["WeirServer", "WeirBackpressure", "WeirRPC", configuration],
            swiftSettings: strict),
        .target(
            name: "WeirObservability",
            dependencies: ["WeirBackpressure", .product(name: "CoreMetrics", package: "swift-metrics")],
            swiftSettings: strict),
        .target(
            name: "WeirServices",
            dependencies: ["WeirServer", "WeirTransport", "WeirProtobuf", "WeirRPC", nioCore],
            swiftSettings: strictWithC),
        .target(
            name: "WeirTesting",
            dependencies: [
                "WeirServer", "WeirTransport", "WeirEngine", "WeirHTTP2", "WeirRPC", "WeirProtobuf", nioCore, deque,
                heap, logging,
            ],
            swiftSettings: strictWithC),
        .target(
            name: "WeirSlowClients",
            dependencies: [
                "WeirTesting", nioCore, nioPosix, heap, .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strictWithC),
        .target(
            name: "WeirDataService",
            dependencies: ["WeirServer", "WeirBackpressure", "WeirProtobuf", "WeirRPC", nioCore, nioPosix],
            swiftSettings: strictWithC),
        .executableTarget(
            name: "WeirCommand",
            dependencies: [
                "WeirConfiguration", "WeirDataService", "WeirServer", "WeirServices", "WeirSlowClients", "WeirTesting",
                "WeirRPC", logging, configuration, argumentParser, deque, nioPosix,
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "WeirInterop", dependencies: ["WeirServer", "WeirServices", "WeirProtobuf", "WeirRPC", nioCore],
            swiftSettings: strict),
        .executableTarget(
            name: "weir-interop-server",
            dependencies: [
                "WeirInterop", "WeirServer", "WeirServices", logging, argumentParser,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "WeirCodegen",
            dependencies: [
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "protoc-gen-weir",
            dependencies: [
                "WeirCodegen",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf"),
            ],
            swiftSettings: strict),
        .target(name: "CLayoutFixture", dependencies: ["CProtobufC"], path: "Tests/CLayoutFixture"),
        .testTarget(
            name: "WeirHTTP2Tests", dependencies: ["WeirTesting", "WeirHTTP2", nioCore], swiftSettings: strict),
        .testTarget(name: "WeirRPCTests", dependencies: ["WeirTesting", "WeirRPC", nioCore], swiftSettings: strict),
        .target(
            name: "WeirOverloadModel", dependencies: ["WeirBackpressure", "WeirTesting"],
            path: "Examples/overload-lab/Sources/OverloadModel", swiftSettings: strict),
        .testTarget(
            name: "WeirBackpressureTests", dependencies: ["WeirOverloadModel", "WeirBackpressure", "WeirRPC"],
            swiftSettings: strict),
        .testTarget(
            name: "WeirEngineTests",
            dependencies: ["WeirTesting", "WeirEngine", "WeirHTTP2", "WeirRPC", nioCore, deque],
            swiftSettings: strict),
        .testTarget(
            name: "WeirConformanceTests",
            dependencies: ["WeirTesting", "WeirEngine", "WeirHTTP2", "WeirRPC", nioCore], swiftSettings: strict),
        .testTarget(
            name: "WeirProtobufTests", dependencies: ["WeirProtobuf", "CLayoutFixture", nioCore], exclude: ["Protos"],
            swiftSettings: strict),
        .target(
            name: "WeirSimulation",
            dependencies: ["WeirTesting", "WeirServer", "WeirProtobuf", "WeirRPC", nioCore],
            path: "Tests/WeirSimulation", exclude: ["Protos"], swiftSettings: strict),
        .executableTarget(
            name: "weir-simulation", dependencies: ["WeirSimulation", argumentParser], path: "Tests/weir-simulation",
            swiftSettings: strict),
        .executableTarget(
            name: "weir-calls",
            dependencies: ["WeirInterop", "WeirServer", "WeirBackpressure", "WeirRPC", logging, argumentParser],
            path: "Tests/weir-calls", swiftSettings: strict),
        .testTarget(
            name: "WeirSimulationTests",
            dependencies: ["WeirSimulation", "WeirTesting", "WeirServer", "WeirRPC"], swiftSettings: strict),
        .testTarget(
            name: "WeirServerTests",
            dependencies: [
                "WeirInterop", "WeirTesting", "WeirServer", "WeirBackpressure", "WeirProtobuf", "WeirRPC", nioCore,
                logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WeirConfigurationTests",
            dependencies: ["WeirConfiguration", "WeirServer", "WeirRPC", configuration], swiftSettings: strict),
        .testTarget(
            name: "WeirObservabilityTests",
            dependencies: [
                "WeirObservability", "WeirBackpressure", .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WeirCommandTests",
            dependencies: [
                "WeirCommand", "WeirConfiguration", "WeirServer", "WeirSlowClients", configuration, argumentParser,
                logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WeirProtocolTests",
            dependencies: ["WeirInterop", "WeirTesting", "WeirServer", "WeirProtobuf", "WeirRPC", nioCore],
            swiftSettings: strict),
        .testTarget(
            name: "WeirServicesTests",
            dependencies: [
                "WeirServices", "WeirInterop", "WeirTesting", "WeirServer", "WeirProtobuf", "WeirRPC", nioCore,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WeirTestingTests",
            dependencies: ["WeirSimulation", "WeirTesting", "WeirServer", "WeirProtobuf", "WeirRPC", nioCore],
            exclude: ["Protos"],
            swiftSettings: strict),
        .testTarget(
            name: "WeirSlowClientsTests",
            dependencies: ["WeirSlowClients", "WeirTesting", "WeirServer", "WeirRPC", nioCore, nioPosix],
            swiftSettings: strict),
        .testTarget(
            name: "WeirCodegenTests",
            dependencies: [
                "WeirCodegen",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WeirLoopbackTests",
            dependencies: ["WeirServer", "WeirProtobuf", "WeirRPC", "CNGHTTP2", nioCore, logging],
            swiftSettings: strict),
        .testTarget(
            name: "WeirDataServiceTests", dependencies: ["WeirDataService", nioCore, nioPosix],
            swiftSettings: strict),
    ]
)
