/// Which modules a target may import. A target may use those of lower groups only, and inside
/// Domains only what its own row says.
enum ImportRule {
  /// The groups from the lowest to the highest.
  static let groups = [
    "Shims", "Values", "RoomLaw", "Infrastructure", "Domains", "Interfaces", "Runtime",
    "Executables",
  ]

  struct Row: Sendable {
    let group: String
    let target: String
    let imports: Set<String>

    init(_ group: String, _ target: String, _ imports: String) {
      self.group = group
      self.target = target
      self.imports = Set(imports.split(separator: " ").map(String.init))
    }
  }

  /// Modules of the language, allowed everywhere.
  static let standard: Set<String> = ["Synchronization"]

  static let table: [Row] = [
    Row("Values", "MatrixJSON", "Glibc"),
    Row("Values", "MatrixIdentifiers", ""),
    Row("Values", "MatrixCrypto", "COpenSSL CCrypt Glibc"),

    // Pure: no clock, no randomness, no system calls.
    Row("RoomLaw", "RoomEvents", "MatrixJSON MatrixIdentifiers MatrixCrypto"),
    Row("RoomLaw", "EventAuth", "RoomEvents MatrixJSON MatrixIdentifiers MatrixCrypto"),
    Row(
      "RoomLaw", "StateResolution",
      "RoomEvents EventAuth MatrixIdentifiers MatrixCrypto HeapModule"),

    Row("Infrastructure", "Executors", "Glibc NIOCore NIOPosix"),
    Row("Infrastructure", "Telemetry", "Glibc Logging CoreMetrics"),
    Row(
      "Infrastructure", "ServerConfig", "CLibYAML Glibc MatrixIdentifiers MatrixCrypto RoomEvents"),
    Row(
      "Infrastructure", "Postgres",
      "CLibPQ CLinux Glibc Executors Logging Metrics NIOCore"),
    Row("Infrastructure", "Redis", "CHiredis Executors Logging NIOCore NIOPosix"),
    Row(
      "Infrastructure", "HTTPServing",
      "Glibc Executors Telemetry MatrixJSON Logging NIOCore NIOPosix NIOHTTP1 NIOSSL"),
    Row(
      "Infrastructure", "HTTPFetching", "Executors NIOCore NIOPosix NIOHTTP1 NIOSSL NIOTLS"),
    Row(
      "Infrastructure", "Streams",
      "Executors Postgres Redis MatrixJSON MatrixCrypto Logging Collections DequeModule"),

    Row(
      "Domains", "Accounts",
      "MatrixJSON MatrixIdentifiers MatrixCrypto Executors Postgres Streams Logging"),
    Row(
      "Domains", "PushRules",
      "MatrixJSON MatrixIdentifiers RoomEvents EventAuth Postgres Streams"),
    Row(
      "Domains", "Rooms",
      "MatrixJSON MatrixIdentifiers MatrixCrypto RoomEvents EventAuth StateResolution Executors "
        + "Postgres Streams Accounts PushRules Logging Collections HeapModule DequeModule"),
    Row(
      "Domains", "Ephemera",
      "MatrixJSON MatrixIdentifiers Executors Postgres Streams "
        + "RoomEvents Rooms Logging DequeModule"),
    Row(
      "Domains", "TaskScheduler",
      "MatrixJSON MatrixCrypto Executors Postgres Streams Logging Metrics"),
    Row(
      "Domains", "RoomRemoval",
      "MatrixJSON MatrixIdentifiers RoomEvents Executors Postgres Streams Rooms TaskScheduler"),
    Row("Domains", "BackgroundUpdates", "MatrixJSON Postgres TaskScheduler Logging"),
    Row(
      "Domains", "DeviceMessages",
      "MatrixJSON MatrixIdentifiers Postgres Streams DequeModule"),
    Row(
      "Domains", "KeyBackup", "MatrixIdentifiers Postgres"),
    Row(
      "Domains", "DeviceKeys",
      "MatrixJSON MatrixIdentifiers MatrixCrypto Executors Postgres Streams Accounts Logging"),
    Row(
      "Domains", "DelayedEvents",
      "MatrixJSON MatrixIdentifiers MatrixCrypto Executors Postgres Streams Accounts Rooms "
        + "Logging Metrics DequeModule"),
    Row(
      "Domains", "Sync",
      "MatrixJSON MatrixIdentifiers RoomEvents Executors Postgres Streams "
        + "Rooms PushRules Ephemera DeviceKeys DeviceMessages Collections DequeModule"),

    Row(
      "Interfaces", "ClientAPI",
      "MatrixJSON MatrixIdentifiers RoomEvents EventAuth HTTPServing Executors Accounts Rooms "
        + "DelayedEvents PushRules Ephemera DeviceKeys DeviceMessages KeyBackup Sync Streams Logging"
    ),
    Row(
      "Interfaces", "AdminAPI",
      "MatrixJSON MatrixIdentifiers HTTPServing Accounts DelayedEvents TaskScheduler "
        + "BackgroundUpdates RoomEvents Executors Rooms RoomRemoval"),
    Row(
      "Interfaces", "ReplicationAPI",
      "MatrixJSON MatrixIdentifiers MatrixCrypto RoomEvents EventAuth HTTPServing HTTPFetching "
        + "Executors Rooms Streams Logging"),

    Row(
      "Runtime", "WorkerRuntime",
      "MatrixIdentifiers MatrixJSON RoomEvents DelayedEvents Executors Telemetry "
        + "ServerConfig Postgres Redis HTTPServing HTTPFetching Streams Accounts Rooms "
        + "PushRules Ephemera DeviceKeys DeviceMessages KeyBackup Sync TaskScheduler BackgroundUpdates RoomRemoval ClientAPI AdminAPI ReplicationAPI CLinux Glibc Logging NIOCore NIOPosix "
        + "ArgumentParser"),

    Row("Executables", "apus-main", "ArgumentParser ServerConfig WorkerRuntime"),
    Row("Executables", "apus-generic-worker", "ArgumentParser ServerConfig WorkerRuntime"),
    Row("Executables", "apus-event-persister", "ArgumentParser ServerConfig WorkerRuntime"),
    Row("Executables", "apus-federation-sender", "ArgumentParser ServerConfig WorkerRuntime"),
    Row("Executables", "apus-pusher", "ArgumentParser ServerConfig WorkerRuntime"),
    Row("Executables", "apus-background-tasks", "ArgumentParser ServerConfig WorkerRuntime"),
    Row(
      "Executables", "apusctl",
      "ArgumentParser Glibc ServerConfig MatrixCrypto MatrixIdentifiers MatrixJSON HTTPFetching "
        + "HTTPServing Executors WorkerRuntime Postgres NIOCore NIOPosix Logging"),
  ]

  static func violations(in file: SourceFile, table: [Row] = table) -> [Violation] {
    guard !file.isTest else { return [] }
    guard let row = table.first(where: { $0.target == file.target }) else {
      return [
        Violation(
          path: file.path, line: 1,
          message: "the target \(file.target) has no row in the table of imports; add one")
      ]
    }
    return imports(of: file).compactMap { line, module in
      if row.imports.contains(module) || standard.contains(module) { return nil }
      return Violation(path: file.path, line: line, message: message(row, module))
    }
  }

  /// Also `import struct X.Y`, attributes and access levels.
  static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
    file.codeLines.enumerated().flatMap { index, line -> [(line: Int, module: String)] in
      guard line.utf8.contains(UInt8(ascii: "i")), line.contains("import ") else { return [] }
      return line.split(separator: ";").compactMap { statement in
        statement.wholeMatch(
          of:
            /\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)(?:\.\w+)*\s*/
        ).map { (index + 1, String($0.1)) }
      }
    }
  }

  private static func message(_ row: Row, _ module: String) -> String {
    if module.hasPrefix("Foundation") {
      return "\(row.target) must not import \(module): it costs every process memory; use Glibc, "
        + "or what the lower modules offer"
    }
    return "\(row.target) must not import \(module): pass the value in from the composition, "
      + "declare a protocol here that WorkerRuntime binds, or move the code to the module that "
      + "may; only if the layers stay intact, add it to the table"
  }
}
