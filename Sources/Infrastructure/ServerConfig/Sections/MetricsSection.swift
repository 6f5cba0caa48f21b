package struct MetricsSection: Sendable {
  package var enabled = false
  package var reportsStatistics = false

  init(_ section: ConfigSection) {
    section.read("enable_metrics", into: &enabled)
    section.read("report_stats", into: &reportsStatistics)
  }
}
