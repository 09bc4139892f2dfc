// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is compiled with; STYLE: imports are internal unless they say otherwise.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Loops over numbers: an unoptimised build of them is too slow to test with, so debug builds optimise them too.
let numeric: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
/// The C interface of the SQLite that GRDB brings.
let sqliteC: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "errata",
    products: [
        .executable(name: "errata", targets: ["errata"]),
        .executable(name: "errata-bench", targets: ["errata-bench"]),
        // Only for the tests, which load it into a program of theirs: LD_PRELOAD takes a shared library.
        .library(name: "ErrataFaultLayer", type: .dynamic, targets: ["CErrataFaultLayer"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1",
            traits: []),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        .target(
            name: "CErrataKernels",
            cSettings: [.unsafeFlags(["-O3"], .when(configuration: .debug))]),
        .target(
            name: "CErrataReader", exclude: ["MODEL-CARD.md", "reader.safetensors"]),
        .target(
            name: "CErrataDecoder",
            exclude: [
                "MODEL-CARD.md", "config.json", "model.safetensors", "tokenizer.json",
                "tokenizer_config.json",
            ]),
        .target(name: "CErrataSystem"),
        .target(name: "CErrataData"),

        .target(
            name: "LMDB", dependencies: ["CLMDB", "CErrataSystem", crypto], swiftSettings: strict),
        .target(name: "ErrataCore", dependencies: [crypto], swiftSettings: strict),
        .target(
            name: "ErrataJournal", dependencies: ["ErrataCore", "LMDB", "CErrataSystem", crypto],
            swiftSettings: strict),
        .target(
            name: "ErrataModels",
            dependencies: ["CErrataDecoder", "CErrataKernels", "CErrataReader", crypto],
            swiftSettings: numeric),
        .target(
            name: "ErrataRetrieval",
            dependencies: [
                "ErrataCore", "ErrataModels", "CErrataKernels", sqlite, sqliteC, crypto,
            ],
            swiftSettings: numeric),
        .target(
            name: "ErrataRemote",
            dependencies: [
                "ErrataModels", crypto,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "ErrataAlignment",
            dependencies: ["ErrataCore", "ErrataModels", "CErrataData", "CErrataKernels", crypto],
            swiftSettings: numeric),
        .target(
            name: "ErrataService",
            dependencies: [
                "ErrataCore", "ErrataJournal", "ErrataModels", "ErrataRemote", "ErrataRetrieval",
                "CErrataSystem", crypto, sqlite, sqliteC,
            ],
            resources: [.embedInCode("Audit/audit.sql")],
            swiftSettings: strict),
        .target(name: "ErrataAPI", dependencies: ["ErrataCore"], swiftSettings: strict),
        .target(
            name: "ErrataServer",
            dependencies: [
                "ErrataAPI", "ErrataService", "ErrataCore", "ErrataJournal", "ErrataModels",
                "ErrataRemote", "ErrataRetrieval", "CErrataSystem", logging,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "ErrataClient", dependencies: ["ErrataAPI", "ErrataCore", "CErrataSystem"],
            swiftSettings: strict),
        .target(
            name: "ErrataEvaluation",
            dependencies: [
                "ErrataAlignment", "ErrataCore", "ErrataJournal", "ErrataModels", "ErrataService",
                "CErrataKernels", crypto,
            ],
            swiftSettings: numeric),
        .target(
            name: "ErrataTesting", dependencies: ["ErrataCore"],
            swiftSettings: strict),

        .executableTarget(
            name: "errata",
            dependencies: [
                "ErrataAPI", "ErrataAlignment", "ErrataCore", "ErrataEvaluation", "ErrataService",
                "ErrataJournal", "ErrataServer", "ErrataClient", "ErrataModels", "ErrataRemote",
                "LMDB", arguments, logging,
            ],
            resources: [.embedInCode("Demo/facts.jsonl")],
            swiftSettings: strict),
        .executableTarget(
            name: "errata-bench",
            dependencies: [
                "CErrataKernels", "ErrataAPI", "ErrataAlignment", "ErrataClient", "ErrataCore",
                "ErrataJournal", "ErrataModels", "ErrataRetrieval", "ErrataService",
                "ErrataTesting", "LMDB", arguments, sqlite,
            ],
            swiftSettings: strict),

        // What the journal's tests run under faults. The layer is no dependency of anything: linked in, it would
        // take the place of the C library's calls there.
        .target(name: "CErrataFaultLayer", path: "Tests/CErrataFaultLayer"),
        .executableTarget(
            name: "ErrataFaultScript",
            dependencies: ["ErrataCore", "ErrataJournal", "ErrataTesting"],
            path: "Tests/ErrataFaultScript", swiftSettings: strict),

        .testTarget(
            name: "LMDBTests", dependencies: ["LMDB", "ErrataTesting"], swiftSettings: strict),
        .testTarget(
            name: "ErrataCoreTests", dependencies: ["ErrataCore"], swiftSettings: strict),
        .testTarget(
            name: "ErrataJournalTests",
            dependencies: ["ErrataJournal", "ErrataCore", "LMDB", "ErrataTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataModelsTests",
            dependencies: ["ErrataModels", "CErrataKernels", crypto],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataRemoteTests",
            dependencies: ["ErrataRemote", "ErrataModels", "ErrataTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataAlignmentTests",
            dependencies: [
                "ErrataAlignment", "ErrataCore", "ErrataModels", "CErrataKernels", "ErrataTesting",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataRetrievalTests",
            dependencies: ["ErrataRetrieval", "ErrataCore", "ErrataTesting", sqlite],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataServiceTests",
            dependencies: [
                "errata", "ErrataAPI", "ErrataService", "ErrataCore", "ErrataJournal",
                "ErrataModels", "ErrataTesting",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataEvaluationTests",
            dependencies: [
                "ErrataEvaluation", "ErrataAlignment", "ErrataCore", "ErrataModels",
                "ErrataService", "CErrataKernels", "ErrataTesting",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataServerTests",
            dependencies: [
                "errata", "ErrataServer", "ErrataClient", "ErrataAPI", "ErrataCore",
                "ErrataJournal", "ErrataModels", "ErrataService", "CErrataSystem", "ErrataTesting",
                logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ErrataTests",
            dependencies: [
                "errata", "errata-bench", "ErrataAPI", "ErrataAlignment", "ErrataClient",
                "ErrataCore", "ErrataJournal", "ErrataService", "ErrataTesting", "LMDB",
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
