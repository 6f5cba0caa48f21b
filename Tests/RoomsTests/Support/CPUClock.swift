import Glibc
import Postgres

/// The CPU time that processes have used, as the kernel's scheduler counts it.
struct CPUClock {
  private let processes: [Int64]

  /// This process.
  static let own = CPUClock(processes: [Int64(getpid())])

  /// The processes of the server, as they are now.
  static func server(_ database: Database) async throws -> CPUClock {
    let rows = try await database.query(
      Statement("measure_pids", "SELECT pid::bigint FROM pg_stat_activity"))
    return CPUClock(processes: (0..<rows.count).compactMap { rows.int($0, 0) })
  }

  var milliseconds: Double {
    processes.reduce(0) { $0 + Self.milliseconds(of: $1) }
  }

  private static func milliseconds(of process: Int64) -> Double {
    guard let tasks = opendir("/proc/\(process)/task") else { return 0 }
    defer { closedir(tasks) }
    var total = 0.0
    while let entry = readdir(tasks) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let file = fopen("/proc/\(process)/task/\(name)/schedstat", "r") else { continue }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 128)
      guard fgets(&line, Int32(line.count), file) != nil else { continue }
      let text = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      total += text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
    return total / 1e6
  }
}
