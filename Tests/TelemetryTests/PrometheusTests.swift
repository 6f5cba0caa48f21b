import Metrics
import Testing

@testable import Telemetry

@Suite struct PrometheusTests {
  private static func text(_ registry: PrometheusRegistry) -> String {
    String(decoding: registry.render(), as: UTF8.self)
  }

  @Test func familiesAreSortedAndTyped() {
    let registry = PrometheusRegistry()
    registry.gauge("b_gauge", help: "Goes up\nand \\ down.").set(2.5)
    let counter = registry.counter("a_total", help: "Counts.", labels: [("code", "200")])
    counter.increment()
    counter.increment(by: Int64(4))
    counter.increment(by: -3.0)
    registry.counter("a_total", labels: [("code", "\"x\\\n")]).increment(by: 0.5)
    let expected = #"""
      # HELP a_total Counts.
      # TYPE a_total counter
      a_total{code="200"} 5
      a_total{code="\"x\\\n"} 0.5
      # HELP b_gauge Goes up\nand \\ down.
      # TYPE b_gauge gauge
      b_gauge 2.5

      """#
    let sorted = Self.text(registry).split(separator: "\n").sorted()
    #expect(sorted == expected.split(separator: "\n").sorted())
    #expect(Self.text(registry).hasPrefix("# HELP a_total"))
  }

  @Test func histogramsAreCumulative() {
    let registry = PrometheusRegistry()
    let histogram = registry.histogram("t", labels: [("m", "GET")], buckets: [1, 0.1])
    for value in [0.05, 0.1, 0.5, 7, .nan] { histogram.observe(value) }
    #expect(
      Self.text(registry) == #"""
        # TYPE t histogram
        t_bucket{m="GET",le="0.1"} 2
        t_bucket{m="GET",le="1"} 3
        t_bucket{m="GET",le="+Inf"} 4
        t_sum{m="GET"} 7.65
        t_count{m="GET"} 4

        """#)
    let plain = PrometheusRegistry()
    plain.histogram("t", buckets: [1]).observe(1)
    #expect(Self.text(plain).contains("t_bucket{le=\"1\"} 1\n"))
  }

  @Test func theSameNameAndLabelsAreTheSameSeries() {
    let registry = PrometheusRegistry()
    let first = registry.counter("x", labels: [("a", "1")])
    #expect(first === registry.counter("x", labels: [("a", "1")]))
    #expect(first !== registry.counter("x", labels: [("a", "2")]))
    // A name of another kind neither breaks nor shows.
    registry.gauge("x_total").set(9)
    #expect(!Self.text(registry).contains("9"))
  }

  /// Whatever the caller calls it, Prometheus finds it where its clients put all counters.
  @Test func theNamesOfCountersEndAlike() {
    let registry = PrometheusRegistry()
    registry.counter("asked").increment()
    registry.counter("asked_total").increment()
    #expect(Self.text(registry) == "# TYPE asked_total counter\nasked_total 2\n")
  }

  @Test func foreignNamesAreMadeToFit() {
    #expect(PrometheusName.clean("a.b-c d") == "a_b_c_d")
    #expect(PrometheusName.clean("1a") == "_1a")
    #expect(PrometheusName.clean("") == "_")
    #expect(PrometheusName.clean("ok_name:x9") == "ok_name:x9")
  }

  @Test func numbersAreWrittenAsPrometheusReadsThem() {
    let cases: [(Double, String)] = [
      (0, "0"), (1e6, "1000000"), (0.25, "0.25"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
      (.nan, "NaN"), (-3, "-3"), (1e300, "1e+300"),
    ]
    for (value, text) in cases { #expect(PrometheusWriter.text(value) == text) }
  }

  @Test func itIsABackEndOfSwiftMetrics() {
    let registry = PrometheusRegistry()
    let counter = Counter(label: "c.total", dimensions: [("k", "v")], factory: registry)
    counter.increment(by: 3)
    let floating = FloatingPointCounter(label: "f.total", factory: registry)
    floating.increment(by: 1.5)
    let meter = Meter(label: "m", factory: registry)
    meter.set(7)
    meter.decrement(by: 2)
    Gauge(label: "g", factory: registry).record(4)
    Recorder(label: "r", factory: registry).record(0.2)
    Timer(label: "t", factory: registry).recordMilliseconds(250)
    let text = Self.text(registry)
    for line in [
      "c_total{k=\"v\"} 3", "f_total 1.5", "m 5", "g 4", "r_count 1", "r_sum 0.2",
      "t_sum 0.25", "t_bucket{le=\"0.25\"} 1",
    ] {
      #expect(text.contains(line + "\n"), "\(line)")
    }
    counter.destroy()
    #expect(!Self.text(registry).contains("c_total"))
  }

  @Test func additionsOfManyThreadsAreAllCounted() async {
    let registry = PrometheusRegistry()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<16 {
        group.addTask {
          let counter = registry.counter("n")
          for _ in 0..<5000 { counter.increment() }
        }
      }
    }
    #expect(registry.counter("n").value == 80_000)
  }

  @Test func theProcessShowsItsFigures() {
    let registry = PrometheusRegistry()
    ProcessMetrics.register(in: registry)
    var values: [String: Double] = [:]
    for line in Self.text(registry).split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      values[String(parts[0])] = Double(parts[1])
    }
    #expect(values["process_resident_memory_bytes"] ?? 0 > 1e6)
    #expect(values["process_open_fds"] ?? 0 >= 3)
    #expect(values["process_max_fds"] ?? 0 >= values["process_open_fds"] ?? .infinity)
    #expect(values["process_start_time_seconds"] ?? 0 > 1.6e9)
    let parts =
      (values["process_cpu_user_seconds_total"] ?? 0)
      + (values["process_cpu_system_seconds_total"] ?? 0)
    #expect(values["process_cpu_seconds_total"] == parts)
  }

  @Test func aProgramNameMayHoldAnything() {
    let stat =
      "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 6 0 1000 4096 10 99 0"
    let usage = ProcessMetrics.parse(stat: stat, ticksPerSecond: 100, pageSize: 4096)
    #expect(
      usage
        == ProcessMetrics.Usage(
          user: 2.5, system: 0.5, threads: 6, startTicks: 10, virtualBytes: 4096,
          residentBytes: 40960))
    #expect(ProcessMetrics.parse(stat: "garbage", ticksPerSecond: 100, pageSize: 1) == nil)
  }
}
