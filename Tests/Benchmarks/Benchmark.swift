/// An operation whose cost is written down and watched.
struct Benchmark: Sendable {
  let name: String
  /// Makes what the operation works on, which is not measured, and gives the operation. What that
  /// returns is looked at, so that no part of it can be left out.
  let prepare: @Sendable () throws -> () throws -> Int

  init(_ name: String, _ prepare: @escaping @Sendable () throws -> () throws -> Int) {
    self.name = name
    self.prepare = prepare
  }

  static let all =
    jsonBenchmarks + eventBenchmarks + authBenchmarks + stateBenchmarks
}

struct BenchmarkFailure: Error {
  let what: String
}

/// The only function in which callgrind counts instructions, so its name must be known to it.
@_silgen_name("apus_measured_operation") @inline(never)
func measured(_ operation: () throws -> Int) rethrows -> Int {
  try operation()
}
