package import CoreMetrics
import Synchronization

/// All metrics of a process; the back end of swift-metrics and of our own handles. The same
/// name and labels give the same handle, so look one up once and keep it.
package final class PrometheusRegistry: MetricsFactory {
  /// Series of one name past which a new one is counted but not shown, so that a label with
  /// too many values cannot fill the memory.
  private static let maximumSeries = 20_000

  /// Adds families whose values are looked up when they are asked for.
  package typealias Collector = @Sendable (inout PrometheusWriter) -> Void

  private enum Series: Sendable {
    case counter(PrometheusCounter)
    case gauge(PrometheusGauge)
    case histogram(PrometheusHistogram)
  }

  private struct Family: Sendable {
    var kind: PrometheusWriter.Kind
    var help: String
    var series: [String: Series] = [:]
  }

  private struct State {
    var families: [String: Family] = [:]
    var collectors: [Collector] = []
  }

  private let state = Mutex(State())

  package init() {}

  /// The name ends with `_total`, as clients of Prometheus make it for all counters.
  package func counter(
    _ name: String, help: String = "", labels: [(String, String)] = []
  ) -> PrometheusCounter {
    let clean = PrometheusName.clean(name)
    let name = clean.hasSuffix("_total") ? clean : clean + "_total"
    let series = find(name, kind: .counter, help: help, labels: labels) {
      .counter(PrometheusCounter())
    }
    guard case .counter(let handle) = series else { return PrometheusCounter() }
    return handle
  }

  package func gauge(
    _ name: String, help: String = "", labels: [(String, String)] = []
  ) -> PrometheusGauge {
    let series = find(name, kind: .gauge, help: help, labels: labels) {
      .gauge(PrometheusGauge())
    }
    guard case .gauge(let handle) = series else { return PrometheusGauge() }
    return handle
  }

  package func histogram(
    _ name: String, help: String = "", labels: [(String, String)] = [],
    buckets: [Double] = PrometheusHistogram.requestBuckets
  ) -> PrometheusHistogram {
    let series = find(name, kind: .histogram, help: help, labels: labels) {
      .histogram(PrometheusHistogram(bounds: buckets))
    }
    guard case .histogram(let handle) = series else { return PrometheusHistogram(bounds: buckets) }
    return handle
  }

  package func addCollector(_ collector: @escaping Collector) {
    state.withLock { $0.collectors.append(collector) }
  }

  /// Makes this the back end of swift-metrics: what the process measures by labels is shown here.
  /// To be called once, before anything is measured.
  package func bootstrap() {
    MetricsSystem.bootstrap(self)
  }

  /// The text exposition format, version 0.0.4.
  package func render() -> [UInt8] {
    let (families, collectors) = state.withLock { ($0.families, $0.collectors) }
    var writer = PrometheusWriter()
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      writer.family(name, kind: family.kind, help: family.help)
      for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
        switch series {
        case .counter(let handle): writer.sample(name, labelText: labels, handle.value)
        case .gauge(let handle): writer.sample(name, labelText: labels, handle.value)
        case .histogram(let handle): writer.histogram(name, labelText: labels, handle)
        }
      }
    }
    for collector in collectors { collector(&writer) }
    return writer.bytes
  }

  /// The series under the name and labels, made at need. A name that is taken by another kind
  /// gives that other kind's series, which the caller tells apart.
  private func find(
    _ name: String, kind: PrometheusWriter.Kind, help: String, labels: [(String, String)],
    make: () -> Series
  ) -> Series {
    let name = PrometheusName.clean(name)
    let text = PrometheusName.labelText(labels)
    return state.withLock { state in
      if let known = state.families[name]?.series[text] { return known }
      let series = make()
      var family = state.families.removeValue(forKey: name) ?? Family(kind: kind, help: help)
      if family.kind == kind, family.series.count < Self.maximumSeries {
        family.series[text] = series
      }
      state.families[name] = family
      return series
    }
  }

  private func remove(where matches: (Series) -> Bool) {
    state.withLock { state in
      for name in Array(state.families.keys) {
        guard let (text, _) = state.families[name]?.series.first(where: { matches($0.value) })
        else { continue }
        state.families[name]?.series[text] = nil
        if state.families[name]?.series.isEmpty == true { state.families[name] = nil }
        return
      }
    }
  }
}

extension PrometheusRegistry {
  package func makeCounter(
    label: String, dimensions: [(String, String)]
  ) -> any CounterHandler {
    counter(label, labels: dimensions)
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    counter(label, labels: dimensions)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    gauge(label, labels: dimensions)
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    aggregate ? histogram(label, labels: dimensions) : gauge(label, labels: dimensions)
  }

  /// Seconds, whatever unit the caller prefers.
  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, labels: dimensions)
  }

  package func destroyCounter(_ handler: any CounterHandler) {
    remove { if case .counter(let handle) = $0 { handle === handler } else { false } }
  }

  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
    remove { if case .counter(let handle) = $0 { handle === handler } else { false } }
  }

  package func destroyMeter(_ handler: any MeterHandler) {
    remove { if case .gauge(let handle) = $0 { handle === handler } else { false } }
  }

  package func destroyRecorder(_ handler: any RecorderHandler) {
    remove {
      switch $0 {
      case .gauge(let handle): handle === handler
      case .histogram(let handle): handle === handler
      case .counter: false
      }
    }
  }

  package func destroyTimer(_ handler: any TimerHandler) {
    remove { if case .histogram(let handle) = $0 { handle === handler } else { false } }
  }
}
