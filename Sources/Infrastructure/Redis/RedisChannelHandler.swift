import NIOCore

/// Carries bytes from the socket to the parser and replies to the session.
final class RedisChannelHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let session: RedisSession
  private let replies: ReplyReader

  /// Nil when there is no memory for a parser.
  init?(_ session: RedisSession, limit: Int) {
    guard let replies = ReplyReader(limit: limit) else { return nil }
    self.session = session
    self.replies = replies
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    do {
      try unwrapInboundIn(data).withUnsafeReadableBytes { try replies.feed($0) }
      while let reply = try replies.next() {
        try session.received(reply)
      }
    } catch {
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    session.channelEnded()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
