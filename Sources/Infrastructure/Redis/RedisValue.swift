/// One reply of the RESP2 protocol.
enum RedisValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case bytes([UInt8])
  case status([UInt8])
  /// The first word of an error reply, such as `WRONGPASS`.
  case error(code: String)
  case array([RedisValue])

  /// The reply, or the error that it stands for.
  func orThrow() throws(RedisError) -> RedisValue {
    if case .error(let code) = self { throw .refused(code: code) }
    return self
  }

  func isBytes(_ text: StaticString) -> Bool {
    guard case .bytes(let bytes) = self else { return false }
    return text.withUTF8Buffer { $0.elementsEqual(bytes) }
  }
}
