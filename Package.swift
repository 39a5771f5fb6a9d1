// swift-tools-version: 6.1
import PackageDescription

// The walls of ARCHITECTURE.md: every target lists what it may import, and
// `--explicit-target-dependency-import-check error` (Makefile) refuses the rest.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

func library(
    _ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
    resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources,
        swiftSettings: strict)
}

let package = Package(
    name: "skep",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "skep", targets: ["skep"]),
        .executable(name: "skep-host", targets: ["skep-host"]),
        .library(
            name: "SkepQueue", targets: ["SkepQueue", "SkepQueueSQLite", "SkepQueueMetrics"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        // The ground floor: knows nothing of agents.
        library("SkepQueue", [log]),
        library(
            "SkepQueueSQLite",
            ["SkepQueue", grdb, .product(name: "GRDBSQLite", package: "GRDB.swift"), log],
            resources: [.embedInCode("Migrations")]),
        library(
            "SkepQueueMetrics",
            ["SkepQueue", .product(name: "Metrics", package: "swift-metrics")]),
        library("SkepHTTP", ["CCurl"]),
        library("SkepGit", ["CGit2"]),
        library("SkepWire", []),
        .systemLibrary(
            name: "CGit2", pkgConfig: "libgit2",
            providers: [.apt(["libgit2-dev"]), .brew(["libgit2"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),

        // The nouns, and the middle row of the star.
        library("SkepCore", ["SkepQueue", log]),
        library("SkepEngine", ["SkepCore", "SkepQueue", log]),
        library(
            "SkepStore", ["SkepCore", "SkepQueue", "SkepQueueSQLite", grdb, log],
            resources: [.embedInCode("Migrations")]),
        library("SkepWorkspaces", ["SkepCore", "SkepQueue", "SkepGit", log]),
        library("SkepTrackers", ["SkepCore", "SkepQueue", "SkepHTTP", log]),
        library("SkepAgents", ["SkepCore", "SkepQueue", "SkepWire", "SkepGit", subprocess, log]),
        library(
            "SkepForge",
            [
                "SkepCore", "SkepQueue", "SkepHTTP", "CCrypto", grdb, subprocess, log,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Resources")]),

        library(
            "SkepPortal",
            [
                "SkepCore", "CCrypto", log,
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),

        // The two programs.
        .executableTarget(
            name: "skep",
            dependencies: [
                "SkepCore", "SkepQueue", "SkepQueueSQLite", "SkepStore", "SkepEngine",
                "SkepWorkspaces", "SkepTrackers", "SkepAgents", "SkepForge", "SkepPortal",
                "SkepGit", "SkepWire",
                log, subprocess, "Yams",
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.embedInCode("Resources")],
            swiftSettings: strict),
        .executableTarget(
            name: "skep-host", dependencies: ["SkepWire", "CLauncher"], swiftSettings: strict),
        .target(name: "CLauncher"),

        // Tests, and what only they and the benchmarks use.
        library(
            "SkepTestSupport", ["SkepCore", "SkepQueue", "SkepQueueSQLite", log]),
        .executableTarget(
            name: "queue-crash-child", dependencies: ["SkepQueue", "SkepQueueSQLite", log],
            swiftSettings: strict),
        .executableTarget(
            name: "queue-bench", dependencies: ["SkepQueue", "SkepQueueSQLite", log],
            path: "Benchmarks/queue", swiftSettings: strict),
        .executableTarget(
            name: "agent-bench", dependencies: ["SkepAgents", "SkepCore", "SkepQueue"],
            path: "Benchmarks/agents", swiftSettings: strict),
        tests("SkepQueueTests", ["SkepQueue", "SkepQueueSQLite", "SkepTestSupport", log]),
        tests(
            "SkepQueueMetricsTests",
            [
                "SkepQueue", "SkepQueueMetrics", "SkepQueueSQLite", "SkepTestSupport", log,
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ]),
        tests(
            "SkepQueueSQLiteTests",
            [
                "SkepQueue", "SkepQueueSQLite", "SkepTestSupport", "queue-crash-child", grdb, log,
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        tests("SkepHTTPTests", ["SkepHTTP", "SkepTestSupport"]),
        tests(
            "SkepGitTests", ["SkepGit", "SkepTestSupport"],
            resources: [.copy("git_http_server.py")]),
        tests("SkepWireTests", ["SkepWire"]),
        tests("SkepCoreTests", ["SkepCore", "SkepQueue"]),
        tests(
            "SkepEngineTests",
            [
                "SkepCore", "SkepEngine", "SkepQueue", "SkepQueueSQLite", "SkepStore",
                "SkepTestSupport", log,
            ], exclude: ["Golden"]),
        tests(
            "SkepStoreTests",
            [
                "SkepCore", "SkepQueue", "SkepQueueSQLite", "SkepStore", "SkepTestSupport", grdb,
            ]),
        tests(
            "SkepWorkspacesTests",
            ["SkepCore", "SkepGit", "SkepQueue", "SkepWorkspaces", "SkepTestSupport", log]),
        tests(
            "SkepTrackersTests",
            [
                "SkepCore", "SkepForge", "SkepHTTP", "SkepQueue", "SkepTrackers", "SkepTestSupport",
                log,
            ], resources: [.copy("Fixtures")]),
        tests(
            "SkepAgentsTests",
            [
                "SkepAgents", "SkepCore", "SkepQueue", "SkepWire", "SkepTestSupport", "skep-host",
                subprocess,
            ], exclude: ["Fixtures"]),
        tests("SkepPortalTests", ["SkepCore", "SkepHTTP", "SkepPortal", log]),
        tests("EndToEndTests", ["SkepHTTP", "SkepTestSupport"], exclude: ["Fixtures"]),
        tests(
            "skepTests",
            [
                "skep", "SkepAgents", "SkepCore", "SkepEngine", "SkepForge", "SkepQueue",
                "SkepQueueSQLite",
                "SkepStore", "SkepTestSupport", subprocess,
            ], exclude: ["Golden"]),
        tests(
            "SkepForgeTests",
            ["SkepCore", "SkepForge", "SkepQueue", "SkepTestSupport", grdb, log],
            resources: [.copy("Fixtures")]),
    ]
)
