import NIOCore

/// A request that is complete, and what its answer needs.
struct Exchange {
  enum Work {
    case handle(Request, route: Int)
    case answer(Response)
  }

  let id: String
  let work: Work
  let series: RouteSeries
  let startedAt: NIODeadline
  var framing: ResponseEncoder.Framing
  /// The peer may still be sending: let it read the answer before the connection goes.
  var lingers = false
}

extension Dispatcher {
  func exchange(for reception: Reception, remoteAddress: String) -> Exchange {
    var framing = reception.framing
    let work: Exchange.Work
    switch reception.resolution {
    case .handler(let route, let parameters, let query, let path):
      framing.allowsOtherOrigins = router.routes[route].surface.allowsOtherOrigins
      let forwarded =
        trustsForwardedFor ? ForwardedAddress.client(in: reception.head.forwardedFor) : nil
      let request = Request(
        method: reception.head.method ?? .get, path: path, parameters: parameters,
        query: query, remoteAddress: forwarded ?? remoteAddress, id: reception.id,
        details: reception.details())
      work = .handle(request, route: route)
    case .refusal(let error): work = .answer(Response(error))
    case .preflight: work = .answer(.empty)
    }
    return Exchange(
      id: reception.id, work: work,
      series: series(of: reception.resolution, method: reception.head.method),
      startedAt: reception.startedAt, framing: framing)
  }

  /// A refusal of what was not, or not completely, received: the connection ends with it.
  func refusal(_ error: MatrixError, of reception: Reception?) -> Exchange {
    var framing = reception?.framing ?? ResponseEncoder.Framing()
    framing.closes = true
    return Exchange(
      id: reception?.id ?? newID(nil), work: .answer(Response(error)),
      series: series(of: .refusal(error), method: reception?.head.method),
      startedAt: reception?.startedAt ?? .now(), framing: framing, lingers: true)
  }
}
