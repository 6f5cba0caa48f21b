import CHiredis

/// Feeds bytes to hiredis' parser and turns its replies into values. Used on one loop only.
final class ReplyReader {
  private let reader: UnsafeMutablePointer<redisReader>
  private let limit: Int

  /// Nil when there is no memory for it.
  init?(limit: Int) {
    guard let reader = redisReaderCreate() else { return nil }
    self.reader = reader
    self.limit = limit
  }

  deinit {
    redisReaderFree(reader)
  }

  /// - Throws: `RedisError.unexpectedReply` when the parser or the limit gave up; the reader is
  ///   of no more use then.
  func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
    let fed = redisReaderFeed(
      reader, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count)
    guard fed == REDIS_OK, reader.pointee.len <= limit else { throw .unexpectedReply }
  }

  /// The next complete reply, or nil when more bytes are needed.
  func next() throws(RedisError) -> RedisValue? {
    var raw: UnsafeMutableRawPointer?
    guard redisReaderGetReply(reader, &raw) == REDIS_OK else { throw .unexpectedReply }
    guard let raw else { return nil }
    defer { freeReplyObject(raw) }
    return try Self.value(raw.assumingMemoryBound(to: redisReply.self).pointee)
  }

  /// hiredis bounds the nesting of arrays (7), and so this recursion.
  private static func value(_ reply: redisReply) throws(RedisError) -> RedisValue {
    switch reply.type {
    case REDIS_REPLY_NIL: return .null
    case REDIS_REPLY_INTEGER: return .integer(reply.integer)
    case REDIS_REPLY_STRING: return .bytes(text(reply))
    case REDIS_REPLY_STATUS: return .status(text(reply))
    case REDIS_REPLY_ERROR:
      let word = text(reply).prefix { $0 != UInt8(ascii: " ") }
      return .error(code: String(decoding: word, as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      var elements: [RedisValue] = []
      for element in UnsafeBufferPointer(start: reply.element, count: Int(reply.elements)) {
        guard let element else { throw .unexpectedReply }
        elements.append(try value(element.pointee))
      }
      return .array(elements)
    default:
      throw .unexpectedReply
    }
  }

  private static func text(_ reply: redisReply) -> [UInt8] {
    guard let start = reply.str else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(reply.len)))
  }
}
