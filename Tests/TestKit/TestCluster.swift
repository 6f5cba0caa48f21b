import Executors
import Glibc
import Synchronization

/// A Postgres server of the tests' own, on a unix socket in a temporary folder. It ends, and the
/// folder goes, soon after the test process ends in whatever way.
package final class TestCluster: Sendable {
  package enum StopMode: String, Sendable {
    /// SIGQUIT: as after a crash.
    case immediate
    case fast
  }

  package let folder: String
  private let binaries: String
  private let log: String

  /// The blocking work of all clusters.
  static let pool = BlockingPool(threads: 2, queueLimit: 64)

  private static let serverOptions = [
    "-c listen_addresses=", "-c max_connections=300", "-c shared_buffers=64MB", "-c fsync=off",
    "-c synchronous_commit=on", "-c log_min_messages=warning", "-c max_wal_size=128MB",
  ]

  /// In memory, where there is enough of it: a database is a thousand small files, which take ten
  /// times as long to make on a disk.
  private static let parentFolder: String = {
    var memory = statvfs()
    guard statvfs("/dev/shm", &memory) == 0,
      UInt64(memory.f_bavail) * UInt64(memory.f_frsize) >= memoryNeeded
    else { return "/tmp" }
    return "/dev/shm"
  }()

  /// Bytes.
  private static let memoryNeeded: UInt64 = 2 << 30

  /// A data folder as initdb leaves it; making one takes a second, copying it does not.
  private static let pristine = Mutex<TestCluster?>(nil)

  /// Makes and starts a server.
  package static func start() async throws -> TestCluster {
    try await pool.run {
      let cluster = try TestCluster()
      let original = try pristine.withLock { pristine in
        if let pristine { return pristine }
        let made = try TestCluster()
        try made.initialise()
        pristine = made
        return made
      }
      try cluster.run(["cp", "-a", original.data, cluster.data])
      try cluster.control("start")
      return cluster
    }
  }

  private init() throws {
    var template = Array((Self.parentFolder + "/apus-test-pg-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
      throw SubprocessFailure(description: "cannot make a folder under \(Self.parentFolder)")
    }
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    log = folder + "/log"
    binaries = try Self.findBinaries()
    if getuid() == 0 { try Subprocess.run(["chown", "postgres", folder], log: "/dev/null") }
    try cleanUpWhenThisProcessEnds()
  }

  /// libpq keywords of the superuser and its database.
  package var parameters: [String: String] {
    ["host": folder, "user": "postgres", "dbname": "postgres"]
  }

  /// Stops the server and starts it again; returns when it takes connections.
  package func restart(_ mode: StopMode) async throws {
    try await Self.pool.run { try self.control("restart", "-m", mode.rawValue) }
  }

  package func stop(_ mode: StopMode) async throws {
    try await Self.pool.run { try self.control("stop", "-m", mode.rawValue) }
  }

  /// Starts a server that was stopped.
  package func startAgain() async throws {
    try await Self.pool.run { try self.control("start") }
  }

  private var data: String { folder + "/data" }

  private func initialise() throws {
    try run([
      binaries + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
      "--no-sync", "--no-instructions",
    ])
  }

  private func control(_ arguments: String...) throws {
    let options = (Self.serverOptions + ["-k \(folder)"]).joined(separator: " ")
    try run(
      [binaries + "/pg_ctl", "-D", data, "-w", "-l", folder + "/server.log", "-o", options]
        + arguments)
  }

  /// Postgres refuses to run as root.
  private func run(_ arguments: [String]) throws {
    let asUser = getuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []
    try Subprocess.run(asUser + arguments, log: log)
  }

  /// Leaves a watcher behind that outlives even a test process that is killed.
  private func cleanUpWhenThisProcessEnds() throws {
    let stop = (getuid() == 0 ? "runuser -u postgres -- " : "") + binaries + "/pg_ctl"
    let script = """
      while kill -0 \(getpid()); do sleep 0.5; done
      \(stop) -D \(data) -m immediate -w stop
      rm -rf \(folder)
      """
    try Subprocess.start(["sh", "-c", script], log: "/dev/null")
  }

  /// Debian keeps the server's programs out of the path, in a folder a version.
  private static func findBinaries() throws -> String {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("/usr/lib/postgresql/*/bin/initdb", 0, nil, &found) == 0 else { return "/usr/bin" }
    let paths = (0..<Int(found.gl_pathc)).compactMap {
      found.gl_pathv[$0].map { String(cString: $0) }
    }
    guard let newest = paths.max() else { return "/usr/bin" }
    return String(newest.dropLast("/initdb".count))
  }
}
