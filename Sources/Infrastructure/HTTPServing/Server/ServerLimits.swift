/// What a listener allows its peers; times bound slow ones, sizes bound greedy ones.
package struct ServerLimits: Sendable {
  /// Time for the head of a request, from its first bytes (for the first: from the connection).
  package var headTime: Duration = .seconds(30)
  /// Time that a body may stand still; what arrives extends it at `bodyBytesPerSecond`.
  package var bodyTime: Duration = .seconds(30)
  /// The slowest rate at which a body may arrive over long.
  package var bodyBytesPerSecond = 1024
  /// Idle time of a kept connection; longer than a proxy keeps its own (nginx: 60 s).
  package var idleTime: Duration = .seconds(90)
  /// Time in which a peer must take some of a waiting answer.
  package var writeTime: Duration = .seconds(30)
  /// Time that an early refused peer has to read its answer.
  package var lingerTime: Duration = .seconds(2)
  /// Bytes of one header, or of the request's target.
  package var headerField = 16 << 10
  /// Bytes of all headers of a request.
  package var headerList = 64 << 10
  package var headerCount = 128
  /// Requests of one connection that wait behind the one that is handled.
  package var pipelined = 64
  package var connections = 50_000
  package var backlog: Int32 = 1024

  package init() {}
}
