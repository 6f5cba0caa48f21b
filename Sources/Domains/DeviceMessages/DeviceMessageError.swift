package enum DeviceMessageError: Error, Sendable, Equatable {
  /// Bytes.
  case tooLong(field: String, limit: Int)
  /// It holds a NUL, which the database does not take.
  case unusableText(field: String)
  /// One message's content. Bytes.
  case contentTooLarge(limit: Int)
  case tooManyMessages(limit: Int)
}
