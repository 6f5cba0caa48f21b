import NIOCore

/// A request that is complete, and what its answer needs.
final class Exchange: Sendable {
  enum Work {
    case handle(Request, Route.Handler)
    case answer(Response)
  }

  let id: String
  let series: RouteSeries
  let startedAt: NIODeadline
  let framing: ResponseEncoder.Framing
  /// The peer may still be sending: let it read the answer before the connection goes.
  let lingers: Bool

  init(
    id: String, series: RouteSeries, startedAt: NIODeadline,
    framing: ResponseEncoder.Framing, lingers: Bool
  ) {
    self.id = id
    self.series = series
    self.startedAt = startedAt
    self.framing = framing
    self.lingers = lingers
  }
}

/// An exchange whose turn has not come.
struct WaitingExchange {
  let exchange: Exchange
  let work: Exchange.Work
}

extension Dispatcher {
  func exchange(for reception: Reception, remoteAddress: String) -> WaitingExchange {
    var framing = reception.framing
    let work: Exchange.Work
    switch reception.resolution {
    case .handler(let route, let parameters, let query, let path):
      framing.allowsOtherOrigins = router.routes[route].surface.allowsOtherOrigins
      let forwarded =
        trustsForwardedFor ? ForwardedAddress.client(in: reception.head.forwardedFor) : nil
      let request = reception.request(
        parameters: parameters, query: query, path: path,
        remoteAddress: forwarded ?? remoteAddress)
      work = .handle(request, router.routes[route].handler)
    case .refusal(let error): work = .answer(Response(error))
    case .preflight: work = .answer(.empty)
    }
    let exchange = Exchange(
      id: reception.id, series: series(of: reception.resolution, method: reception.head.method),
      startedAt: reception.startedAt, framing: framing, lingers: false)
    return WaitingExchange(exchange: exchange, work: work)
  }

  /// A refusal of what was not, or not completely, received: the connection ends with it.
  func refusal(_ error: MatrixError, of reception: Reception?) -> WaitingExchange {
    var framing = reception?.framing ?? ResponseEncoder.Framing()
    framing.closes = true
    let exchange = Exchange(
      id: reception?.id ?? newID(nil),
      series: series(of: .refusal(error), method: reception?.head.method),
      startedAt: reception?.startedAt ?? .now(), framing: framing, lingers: true)
    return WaitingExchange(exchange: exchange, work: .answer(Response(error)))
  }
}
