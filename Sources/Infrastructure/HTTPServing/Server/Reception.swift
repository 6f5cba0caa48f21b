import NIOCore

/// A request of which the body is still coming.
final class Reception {
  /// Bytes that are set aside for a body at once because the head promises it.
  private static let trustedCapacity = 64 << 10

  let head: RequestHead
  let resolution: Dispatcher.Resolution
  let id: String
  let startedAt: NIODeadline
  private let limit: Int
  private let keepsBody: Bool
  private var body: [UInt8] = []
  private var received = 0

  init(head: RequestHead, resolution: Dispatcher.Resolution, limit: Int, id: String) {
    self.head = head
    self.resolution = resolution
    self.limit = limit
    self.id = id
    startedAt = .now()
    if case .handler = resolution { keepsBody = true } else { keepsBody = false }
    if keepsBody, let length = head.contentLength, length <= limit {
      body.reserveCapacity(min(length, Self.trustedCapacity))
    }
  }

  /// True when the head alone says that the body is too large.
  var promisesTooMuch: Bool { (head.contentLength ?? 0) > limit }

  /// False when the body is larger than allowed.
  func take(_ part: ByteBuffer) -> Bool {
    received += part.readableBytes
    guard received <= limit else { return false }
    if keepsBody { body.append(contentsOf: part.readableBytesView) }
    return true
  }

  /// The request for its handler.
  func request(
    parameters: PathParameters, query: QueryParameters, path: String, remoteAddress: String
  ) -> Request {
    Request(
      RequestStorage(
        method: head.method ?? .get, path: path, parameters: parameters, query: query,
        remoteAddress: remoteAddress, id: id, headers: head.headers, body: body))
  }

  var framing: ResponseEncoder.Framing {
    ResponseEncoder.Framing(
      omitsBody: head.method == .head, closes: !head.keepsAlive,
      namesKeepAlive: head.isOldVersion && head.keepsAlive)
  }
}
