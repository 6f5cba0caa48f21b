import NIOCore

/// What remains of an exchange while its handler runs: the request is not kept.
struct Reply: Sendable {
  let id: String
  let series: RouteSeries
  let startedAt: NIODeadline
  let framing: ResponseEncoder.Framing
  let lingers: Bool

  init(_ exchange: Exchange) {
    id = exchange.id
    series = exchange.series
    startedAt = exchange.startedAt
    framing = exchange.framing
    lingers = exchange.lingers
  }
}
