// swift-tools-version: 6.1
import PackageDescription

// Outside of Skep's repository: .package(url: "…", from: "…").
let package = Package(
    name: "greetings",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "skep", path: "../..")],
    targets: [
        .executableTarget(
            name: "greet", dependencies: [.product(name: "SkepQueue", package: "skep")])
    ]
)
