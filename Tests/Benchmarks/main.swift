import Glibc

/// The time of this thread alone, so that other work on the machine does not count.
private func threadNanoseconds() -> Int {
  var now = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
  return now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// The best of several rounds in nanoseconds for one operation.
private func time(_ operation: () throws -> Int) throws -> Int {
  let roundNanoseconds = 20_000_000
  let rounds = 25
  var perRound = 1
  var best = Int.max
  for round in 0..<rounds {
    let start = threadNanoseconds()
    for _ in 0..<perRound { checksum &+= try measured(operation) }
    let spent = threadNanoseconds() - start
    best = min(best, spent / perRound)
    if round < rounds / 5 { perRound = max(1, perRound * roundNanoseconds / max(spent, 1)) }
  }
  return best
}

private func usage() -> Never {
  print("usage: Benchmarks list | time [NAME] | run NAME COUNT")
  exit(2)
}

private func benchmark(_ name: String) -> Benchmark {
  guard let found = Benchmark.all.first(where: { $0.name == name }) else { usage() }
  return found
}

nonisolated(unsafe) private var checksum = 0
let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, arguments.count) {
case ("list", 1):
  for benchmark in Benchmark.all { print(benchmark.name) }
case ("time", 1):
  for benchmark in Benchmark.all { print(benchmark.name, try time(benchmark.prepare())) }
case ("time", 2):
  print(try time(benchmark(arguments[2]).prepare()))
case ("run", 3):
  guard let count = Int(arguments[3]) else { usage() }
  let operation = try benchmark(arguments[2]).prepare()
  // What is done once in a process is not counted.
  checksum &+= try operation()
  for _ in 0..<count { checksum &+= try measured(operation) }
default:
  usage()
}
