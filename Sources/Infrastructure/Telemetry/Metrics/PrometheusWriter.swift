/// Builds the text that Prometheus reads.
package struct PrometheusWriter {
  package private(set) var bytes: [UInt8] = []

  package enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// The lines that introduce a family of samples.
  package mutating func family(_ name: String, kind: Kind, help: String) {
    if !help.isEmpty { put("# HELP \(name) \(PrometheusName.escapeHelp(help))\n") }
    put("# TYPE \(name) \(kind.rawValue)\n")
  }

  package mutating func sample(
    _ name: String, labels: [(String, String)] = [], _ value: Double
  ) {
    sample(name, labelText: PrometheusName.labelText(labels), value)
  }

  mutating func sample(_ name: String, labelText: String, _ value: Double) {
    put("\(name)\(labelText) \(Self.text(value))\n")
  }

  mutating func histogram(_ name: String, labelText: String, _ histogram: PrometheusHistogram) {
    let snapshot = histogram.snapshot()
    var running: UInt64 = 0
    for (bound, count) in zip(histogram.bounds + [.infinity], snapshot.counts) {
      running += count
      let labels = PrometheusName.labelText(labelText, adding: "le", Self.text(bound))
      sample("\(name)_bucket", labelText: labels, Double(running))
    }
    sample("\(name)_sum", labelText: labelText, snapshot.sum)
    sample("\(name)_count", labelText: labelText, Double(running))
  }

  private mutating func put(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  /// Whole numbers are written without a fraction.
  static func text(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return String(whole) }
    if value.isNaN { return "NaN" }
    guard value.isInfinite else { return "\(value)" }
    return value > 0 ? "+Inf" : "-Inf"
  }
}
