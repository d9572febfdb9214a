// swift-tools-version: 6.2
import PackageDescription

// One place for the language rules of every Swift target. The upcoming features are what the next
// language mode will demand; strict memory safety makes each use of a C pointer visible as
// `unsafe`.
let houseRules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
]

// The targets that run once per event. Debug builds, and so every test, check at run time that no
// two accesses to a variable overlap; in release those checks were 27 % of a lane's time (perf,
// 630,000 events), because nearly everything that a lane owns is a property of a class.
let hotPath: [SwiftSetting] = [
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]

// What the simulator, and so every test, runs all the time: optimised in debug builds, too; 2,000
// schedules then take half of the time. Assertions, checks of overflow and of exclusive access and
// what `DEBUG` guards stay; only a debugger sees less.
let optimised: [SwiftSetting] = [
    .unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))
]

let package = Package(
    name: "handoff",
    products: [.executable(name: "handoff", targets: ["handoff"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibrdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "CSimdjson",
            cxxSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "Qualification", swiftSettings: houseRules + hotPath + optimised),
        .target(
            name: "WireFormats", dependencies: ["Qualification", "CSimdjson"],
            swiftSettings: houseRules + hotPath + optimised),
        .target(
            name: "Reports", dependencies: ["Qualification", "WireFormats"],
            swiftSettings: houseRules),
        .target(
            name: "DefinitionFiles",
            dependencies: ["Qualification", .product(name: "Yams", package: "Yams")],
            swiftSettings: houseRules),
        .target(
            name: "Configuration", dependencies: ["Qualification", "DefinitionFiles"],
            swiftSettings: houseRules),
        .target(
            name: "KafkaClient",
            dependencies: ["CLibrdkafka", .product(name: "Logging", package: "swift-log")],
            swiftSettings: houseRules),
        .target(
            name: "Storage", dependencies: ["Qualification", "CSQLite"],
            swiftSettings: houseRules + optimised),
        .target(
            name: "Worker",
            dependencies: [
                "Qualification", "WireFormats", "KafkaClient", "Storage",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: houseRules + hotPath + optimised),
        .target(name: "Operations", swiftSettings: houseRules),
        .executableTarget(
            name: "handoff",
            dependencies: [
                "Qualification", "WireFormats", "DefinitionFiles", "Configuration", "KafkaClient",
                "Storage", "Worker", "Operations", "Reports",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: houseRules),
        .target(
            name: "ReferenceModel",
            dependencies: [.product(name: "Yams", package: "Yams")],
            path: "Tests/ReferenceModel",
            swiftSettings: houseRules + optimised),
        .target(
            name: "TestSupport",
            dependencies: ["KafkaClient", "Qualification", "DefinitionFiles", "ReferenceModel"],
            path: "Tests/TestSupport",
            exclude: ["Fixtures"],
            swiftSettings: houseRules),
        .target(
            name: "SimulatedKafka",
            dependencies: ["KafkaClient", "ReferenceModel", "Worker"],
            path: "Tests/SimulatedKafka",
            swiftSettings: houseRules + optimised),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Qualification", "WireFormats", "Storage", "DefinitionFiles", "KafkaClient",
                "Worker",
            ],
            path: "Tests/Benchmarks",
            swiftSettings: houseRules),
        .testTarget(
            name: "QualificationTests",
            dependencies: [
                "Qualification", "WireFormats", "DefinitionFiles", "ReferenceModel", "TestSupport",
            ],
            swiftSettings: houseRules),
        .testTarget(
            name: "WireFormatsTests",
            dependencies: ["WireFormats", "Qualification", "ReferenceModel", "TestSupport"],
            swiftSettings: houseRules),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["Reports", "Qualification", "ReferenceModel", "TestSupport"],
            swiftSettings: houseRules),
        .testTarget(
            name: "DefinitionFilesTests",
            dependencies: ["DefinitionFiles", "Qualification", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: houseRules),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["Configuration", "DefinitionFiles", "Qualification"],
            swiftSettings: houseRules),
        .testTarget(
            name: "KafkaClientTests", dependencies: ["KafkaClient", "TestSupport"],
            swiftSettings: houseRules),
        .testTarget(
            name: "StorageTests", dependencies: ["Storage", "Qualification", "TestSupport"],
            swiftSettings: houseRules),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "Worker", "WireFormats", "Qualification", "Storage", "KafkaClient",
                "ReferenceModel", "TestSupport",
            ],
            swiftSettings: houseRules),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "SimulatedKafka", "Worker", "WireFormats", "Qualification", "Storage",
                "KafkaClient", "ReferenceModel", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: houseRules),
        .testTarget(
            name: "OperationsTests", dependencies: ["Operations", "TestSupport"],
            swiftSettings: houseRules),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["KafkaClient", "Qualification", "ReferenceModel", "TestSupport"],
            swiftSettings: houseRules),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "KafkaClient", "Qualification", "ReferenceModel", "Storage", "TestSupport",
                "WireFormats",
            ],
            swiftSettings: houseRules),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "handoff", "KafkaClient", "Qualification", "Reports", "TestSupport", "WireFormats",
            ],
            swiftSettings: houseRules),
        .testTarget(name: "HouseRulesTests", swiftSettings: houseRules),
    ],
    cxxLanguageStandard: .cxx17
)
