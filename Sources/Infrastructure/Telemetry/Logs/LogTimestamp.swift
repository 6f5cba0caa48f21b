import Glibc

/// Times in logs: UTC with milliseconds, as in `2026-01-01T00:00:00.123Z`.
enum LogTimestamp {
  /// Milliseconds since the Unix epoch.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  static func append(_ milliseconds: Int64, to line: inout [UInt8]) {
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    append(Int(parts.tm_year) + 1900, width: 4, to: &line)
    line.append(UInt8(ascii: "-"))
    append(Int(parts.tm_mon) + 1, width: 2, to: &line)
    line.append(UInt8(ascii: "-"))
    append(Int(parts.tm_mday), width: 2, to: &line)
    line.append(UInt8(ascii: "T"))
    append(Int(parts.tm_hour), width: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    append(Int(parts.tm_min), width: 2, to: &line)
    line.append(UInt8(ascii: ":"))
    append(Int(parts.tm_sec), width: 2, to: &line)
    line.append(UInt8(ascii: "."))
    append(Int(milliseconds % 1000), width: 3, to: &line)
    line.append(UInt8(ascii: "Z"))
  }

  private static func append(_ number: Int, width: Int, to line: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
      divisor /= 10
    }
  }
}
