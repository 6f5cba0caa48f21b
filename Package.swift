// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// What a target may use from outside the package.
enum Library {
  static let nioCore = product("NIOCore", "swift-nio")
  static let nioPosix = product("NIOPosix", "swift-nio")
  static let nioTLS = product("NIOTLS", "swift-nio")
  static let nioHTTP1 = product("NIOHTTP1", "swift-nio")
  static let nioConcurrency = product("NIOConcurrencyHelpers", "swift-nio")
  static let nioSSL = product("NIOSSL", "swift-nio-ssl")
  static let log = product("Logging", "swift-log")
  static let metrics = product("Metrics", "swift-metrics")
  static let coreMetrics = product("CoreMetrics", "swift-metrics")
  static let collections = product("Collections", "swift-collections")
  static let arguments = product("ArgumentParser", "swift-argument-parser")

  static func product(_ name: String, _ package: String) -> Target.Dependency {
    .product(name: name, package: package)
  }
}

func layer(_ group: String, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(group)/\(name)",
    swiftSettings: strict)
}

func shim(_ name: String, _ pkgConfig: String, _ debianPackage: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/Shims/\(name)", pkgConfig: pkgConfig,
    providers: [.apt([debianPackage])])
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies + [Library.arguments],
    path: "Sources/Executables/\(name)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests",
    swiftSettings: strict)
}

let shims: [Target] = [
  shim("CLibPQ", "libpq", "libpq-dev"),
  shim("CHiredis", "hiredis", "libhiredis-dev"),
  shim("CLibYAML", "yaml-0.1", "libyaml-dev"),
  shim("COpenSSL", "libcrypto", "libssl-dev"),
  shim("CCrypt", "libcrypt", "libcrypt-dev"),
  .target(name: "CLinux", path: "Sources/Shims/CLinux"),
]

let values: [Target] = [
  layer("Values", "MatrixJSON", []),
  layer("Values", "MatrixIdentifiers", []),
  layer("Values", "MatrixCrypto", ["COpenSSL", "CCrypt"]),
]

let roomLaw: [Target] = [
  layer("RoomLaw", "RoomEvents", ["MatrixJSON", "MatrixIdentifiers", "MatrixCrypto"]),
  layer(
    "RoomLaw", "EventAuth", ["RoomEvents", "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto"]),
  layer(
    "RoomLaw", "StateResolution",
    ["RoomEvents", "EventAuth", "MatrixIdentifiers", "MatrixCrypto", Library.collections]),
]

let infrastructure: [Target] = [
  layer("Infrastructure", "Executors", [Library.nioCore, Library.nioPosix]),
  layer(
    "Infrastructure", "Telemetry",
    [Library.log, Library.coreMetrics]),
  layer(
    "Infrastructure", "ServerConfig",
    ["CLibYAML", "MatrixIdentifiers", "MatrixCrypto", "RoomEvents"]),
  layer(
    "Infrastructure", "Postgres",
    ["CLibPQ", "CLinux", "Executors", Library.log, Library.metrics, Library.nioCore]),
  layer(
    "Infrastructure", "Redis",
    [
      "CHiredis", "Executors", Library.log, Library.nioCore, Library.nioPosix,
    ]),
  layer(
    "Infrastructure", "HTTPServing",
    [
      "Executors", "Telemetry", "MatrixJSON", Library.log, Library.nioCore, Library.nioPosix,
      Library.nioHTTP1, Library.nioSSL,
    ]),
  layer(
    "Infrastructure", "HTTPFetching",
    [
      "Executors", Library.nioCore, Library.nioPosix, Library.nioHTTP1, Library.nioTLS,
      Library.nioSSL,
    ]),
  layer(
    "Infrastructure", "Streams",
    [
      "Executors", "Postgres", "Redis", "MatrixJSON", "MatrixCrypto", Library.log,
      Library.collections,
    ]),
]

let domains: [Target] = [
  layer(
    "Domains", "Accounts",
    [
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "Executors", "Postgres",
      "Streams", Library.log,
    ]),
  layer(
    "Domains", "Rooms",
    [
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "RoomEvents", "EventAuth",
      "StateResolution", "Executors", "Postgres", "Streams", "Accounts",
      "PushRules", Library.log, Library.collections,
    ]),
  layer(
    "Domains", "PushRules",
    [
      "MatrixJSON", "MatrixIdentifiers", "RoomEvents", "EventAuth", "Postgres",
      "Streams",
    ]),
  layer(
    "Domains", "TaskScheduler",
    [
      "MatrixJSON", "MatrixCrypto", "Executors", "Postgres", "Streams", Library.log,
      Library.metrics,
    ]),
  layer(
    "Domains", "RoomRemoval",
    [
      "MatrixJSON", "MatrixIdentifiers", "RoomEvents", "Executors", "Postgres", "Streams", "Rooms",
      "TaskScheduler",
    ]),
  layer(
    "Domains", "BackgroundUpdates",
    ["MatrixJSON", "Postgres", "TaskScheduler", Library.log]),
  layer(
    "Domains", "Ephemera",
    [
      "MatrixJSON", "MatrixIdentifiers", "Executors", "Postgres",
      "Streams", "RoomEvents", "Rooms", Library.log, Library.collections,
    ]),
  layer(
    "Domains", "DeviceMessages",
    [
      "MatrixJSON", "MatrixIdentifiers", "Postgres", "Streams", Library.collections,
    ]),
  layer(
    "Domains", "KeyBackup",
    ["MatrixIdentifiers", "Postgres"]),
  layer(
    "Domains", "DeviceKeys",
    [
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "Executors", "Postgres", "Streams",
      "Accounts", Library.log,
    ]),
  layer(
    "Domains", "DelayedEvents",
    [
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "Executors", "Postgres", "Streams",
      "Accounts", "Rooms", Library.log, Library.metrics, Library.collections,
    ]),
  layer(
    "Domains", "Sync",
    [
      "MatrixJSON", "MatrixIdentifiers", "RoomEvents", "Executors", "Postgres", "Streams", "Rooms",
      "PushRules", "Ephemera", "DeviceKeys", "DeviceMessages",
      Library.collections,
    ]),
]

let interfaces: [Target] = [
  layer(
    "Interfaces", "ClientAPI",
    [
      "MatrixJSON", "MatrixIdentifiers", "RoomEvents", "EventAuth", "HTTPServing", "Executors",
      "Accounts", "Rooms", "DelayedEvents", "PushRules", "Ephemera", "DeviceKeys", "DeviceMessages",
      "KeyBackup",
      "Sync",
      "Streams", Library.log,
    ]),
  layer(
    "Interfaces", "AdminAPI",
    [
      "MatrixJSON", "MatrixIdentifiers", "HTTPServing", "Accounts", "DelayedEvents",
      "TaskScheduler", "RoomEvents", "Executors", "Rooms", "RoomRemoval",
      "BackgroundUpdates",
    ]),
  layer(
    "Interfaces", "ReplicationAPI",
    [
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "RoomEvents", "EventAuth", "HTTPServing",
      "HTTPFetching", "Executors", "Rooms", "Streams", Library.log,
    ]),
]

let runtime: [Target] = [
  layer(
    "Runtime", "WorkerRuntime",
    [
      "MatrixIdentifiers", "RoomEvents", "Executors", "Telemetry",
      "ServerConfig", "Postgres", "Redis", "HTTPServing", "HTTPFetching", "Streams", "Accounts",
      "Rooms", "PushRules", "Ephemera", "DeviceKeys", "DeviceMessages", "KeyBackup", "Sync",
      "DelayedEvents", "MatrixJSON", "TaskScheduler", "BackgroundUpdates", "RoomRemoval",
      "ClientAPI", "AdminAPI",
      "ReplicationAPI", "CLinux", Library.log,
      Library.nioCore, Library.nioPosix, Library.arguments,
    ])
]

let executables: [Target] =
  [
    "apus-main", "apus-generic-worker", "apus-event-persister", "apus-federation-sender",
    "apus-pusher", "apus-background-tasks",
  ].map { program($0, ["WorkerRuntime", "ServerConfig"]) }
  + [
    program(
      "apusctl",
      [
        "ServerConfig", "MatrixCrypto", "MatrixIdentifiers", "MatrixJSON", "HTTPFetching",
        "HTTPServing", "Executors", "WorkerRuntime", "Postgres", Library.nioCore, Library.nioPosix,
        Library.log,
      ])
  ]

let testing: [Target] = [
  .executableTarget(
    name: "Benchmarks",
    dependencies: [
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "RoomEvents", "EventAuth",
      "StateResolution",
    ],
    path: "Tests/Benchmarks", exclude: ["measure.py", "table.json"], swiftSettings: strict),
  .executableTarget(
    name: "CrossCheck",
    dependencies: ["MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "RoomEvents"],
    path: "Tests/CrossCheck", swiftSettings: strict),
  .target(
    name: "Fuzz",
    dependencies: [
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "RoomEvents", "EventAuth",
    ],
    path: "Tests/Fuzz", exclude: ["run.py"], swiftSettings: strict),
  .target(
    name: "TestKit",
    dependencies: [
      "Postgres", "Executors", "Telemetry", Library.log, Library.nioCore, Library.nioPosix,
    ],
    path: "Tests/TestKit", swiftSettings: strict),
  tests("MatrixJSON", ["MatrixJSON", "TestKit"]),
  tests("MatrixIdentifiers", ["MatrixIdentifiers", "TestKit"]),
  tests("MatrixCrypto", ["MatrixCrypto"]),
  tests(
    "RoomEvents", ["RoomEvents", "MatrixJSON", "MatrixCrypto", "MatrixIdentifiers", "TestKit"]),
  tests(
    "EventAuth",
    ["EventAuth", "RoomEvents", "MatrixJSON", "MatrixCrypto", "MatrixIdentifiers", "TestKit"]),
  tests(
    "StateResolution",
    [
      "StateResolution", "EventAuth", "RoomEvents", "MatrixJSON", "MatrixCrypto",
      "MatrixIdentifiers", "TestKit",
    ]),
  tests("Fuzz", ["Fuzz", "TestKit"]),
  tests("Executors", ["Executors", "TestKit", Library.nioCore, Library.nioPosix]),
  tests("Telemetry", ["Telemetry", Library.log, Library.metrics]),
  tests("ServerConfig", ["ServerConfig", "MatrixIdentifiers", "TestKit"]),
  tests("Postgres", ["Postgres", "Executors", "TestKit"]),
  tests(
    "Redis", ["Redis", "Executors", "TestKit", Library.nioCore, Library.nioPosix]),
  tests(
    "HTTP",
    [
      "HTTPServing", "HTTPFetching", "Executors", "MatrixJSON", "Telemetry", "TestKit",
      Library.log,
    ]),
  tests("Streams", ["Streams", "Postgres", "Redis", "Executors", "TestKit", "MatrixJSON"]),
  tests(
    "Accounts", ["Accounts", "Postgres", "Executors", "TestKit", "Streams", "MatrixIdentifiers"]),
  tests(
    "Rooms",
    [
      "Rooms", "Postgres", "Executors", "TestKit", "Streams", "RoomEvents", "EventAuth",
      "StateResolution", "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "Accounts",
      "PushRules",
    ]),
  tests(
    "Sync",
    [
      "Sync", "Rooms", "Postgres", "Executors", "TestKit", "Streams", "RoomEvents", "MatrixJSON",
      "MatrixIdentifiers", "MatrixCrypto", "Accounts", "PushRules", "Ephemera", "DeviceKeys",
      "DeviceMessages",
    ]),
  tests(
    "PushRules",
    [
      "PushRules", "Postgres", "TestKit", "MatrixJSON", "RoomEvents",
      "EventAuth", "MatrixIdentifiers",
    ]),
  tests(
    "DelayedEvents",
    [
      "DelayedEvents", "Rooms", "Postgres", "Executors", "TestKit", "Streams", "RoomEvents",
      "MatrixJSON", "MatrixIdentifiers", "MatrixCrypto", "Accounts", "PushRules",
    ]),
  tests(
    "Ephemera",
    [
      "Ephemera", "Postgres", "TestKit", "MatrixIdentifiers", "Executors", "Streams",
      "MatrixJSON",
    ]),
  tests(
    "ReplicationAPI",
    [
      "ReplicationAPI", "EventAuth", "RoomEvents", "Rooms", "Streams", "MatrixJSON",
      "MatrixIdentifiers", "HTTPServing", "HTTPFetching", "Telemetry", "TestKit", Library.log,
    ]),
  tests(
    "BackgroundUpdates",
    [
      "BackgroundUpdates", "TaskScheduler", "Postgres", "Streams", "MatrixJSON", "TestKit",
    ]),
  tests("RoomRemoval", ["RoomRemoval", "MatrixJSON"]),
  tests(
    "TaskScheduler",
    ["TaskScheduler", "Postgres", "Streams", "Executors", "MatrixJSON", "TestKit"]),
  tests(
    "DeviceKeys",
    [
      "DeviceKeys", "Accounts", "Rooms", "Streams", "Postgres", "Executors", "MatrixJSON",
      "MatrixIdentifiers", "MatrixCrypto", "TestKit",
    ]),
  tests(
    "DeviceMessages",
    [
      "DeviceMessages", "Accounts", "Streams", "Executors", "Postgres", "MatrixIdentifiers",
      "MatrixJSON", "TestKit",
    ]),
  tests("KeyBackup", ["KeyBackup", "Postgres", "MatrixIdentifiers", "TestKit"]),
  tests(
    "WorkerRuntime",
    ["WorkerRuntime", "ServerConfig", "HTTPServing", "TestKit", Library.log]),
  tests("Architecture", []),
]

let package = Package(
  name: "apus",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
  ],
  targets: shims + values + roomLaw + infrastructure + domains + interfaces + runtime
    + executables + testing
)
