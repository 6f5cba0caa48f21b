import Glibc

/// What the kernel says about this process, under the names that Prometheus clients share.
package enum ProcessMetrics {
  /// Makes the registry show the process's figures.
  package static func register(in registry: PrometheusRegistry) {
    let started = startTime()
    registry.addCollector { writer in
      collect(startedAt: started, into: &writer)
    }
  }

  private static func collect(startedAt: Double?, into writer: inout PrometheusWriter) {
    if let usage = usage() {
      put(
        "process_cpu_seconds_total", .counter, "CPU time in user and kernel mode.",
        usage.user + usage.system, &writer)
      put(
        "process_cpu_user_seconds_total", .counter, "CPU time in user mode.",
        usage.user, &writer)
      put(
        "process_cpu_system_seconds_total", .counter, "CPU time in kernel mode.",
        usage.system, &writer)
      put(
        "process_virtual_memory_bytes", .gauge, "Virtual memory size.",
        usage.virtualBytes, &writer)
      put(
        "process_resident_memory_bytes", .gauge, "Resident memory size.",
        usage.residentBytes, &writer)
      put("process_threads", .gauge, "Threads of the process.", usage.threads, &writer)
    }
    if let startedAt {
      put(
        "process_start_time_seconds", .gauge, "Start time since the Unix epoch.",
        startedAt, &writer)
    }
    if let open = openDescriptors() {
      put("process_open_fds", .gauge, "Open file descriptors.", open, &writer)
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      put(
        "process_max_fds", .gauge, "Most file descriptors that may be open.",
        Double(limit.rlim_cur), &writer)
    }
  }

  private static func put(
    _ name: String, _ kind: PrometheusWriter.Kind, _ help: String, _ value: Double,
    _ writer: inout PrometheusWriter
  ) {
    writer.family(name, kind: kind, help: help)
    writer.sample(name, value)
  }

  struct Usage: Equatable {
    var user: Double
    var system: Double
    var threads: Double
    var startTicks: Double
    var virtualBytes: Double
    var residentBytes: Double
  }

  private static func usage() -> Usage? {
    read("/proc/self/stat").flatMap {
      parse(
        stat: $0, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
        pageSize: Double(sysconf(Int32(_SC_PAGESIZE))))
    }
  }

  /// The numbers after the program's name, which stands in parentheses and may hold spaces.
  static func parse(stat: String, ticksPerSecond: Double, pageSize: Double) -> Usage? {
    guard let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[end...].dropFirst().split(separator: " ").map { Double($0) ?? 0 }
    guard fields.count > 21, ticksPerSecond > 0 else { return nil }
    return Usage(
      user: fields[11] / ticksPerSecond, system: fields[12] / ticksPerSecond,
      threads: fields[17], startTicks: fields[19] / ticksPerSecond, virtualBytes: fields[20],
      residentBytes: fields[21] * pageSize)
  }

  /// Seconds since the epoch: the machine's boot and the process's start after it.
  private static func startTime() -> Double? {
    guard let usage = usage(), let stat = read("/proc/stat"),
      let line = stat.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
      let boot = Double(line.dropFirst("btime ".count))
    else { return nil }
    return boot + usage.startTicks
  }

  private static func openDescriptors() -> Double? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    // "." and ".." and the folder that is being read.
    return Double(max(0, count - 3))
  }

  private static let chunk = 4096

  private static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: chunk)
    while true {
      let count = Glibc.read(descriptor, &buffer, chunk)
      guard count > 0 else { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
