// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "overload-lab",
    dependencies: [
        .package(name: "weir", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        .target(
            name: "OverloadModel",
            dependencies: [
                .product(name: "WeirBackpressure", package: "weir"), .product(name: "WeirTesting", package: "weir"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "overload-lab",
            dependencies: [
                "OverloadModel",
                .product(name: "WeirBackpressure", package: "weir"),
                .product(name: "WeirServer", package: "weir"),
                .product(name: "WeirRPC", package: "weir"),
                .product(name: "WeirProtobuf", package: "weir"),
                .product(name: "WeirTesting", package: "weir"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Protos"],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
