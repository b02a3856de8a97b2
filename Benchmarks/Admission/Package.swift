// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "admission-bench",
    dependencies: [.package(name: "weir", path: "../..")],
    targets: [
        .executableTarget(
            name: "admission-bench", dependencies: [.product(name: "WeirBackpressure", package: "weir")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
