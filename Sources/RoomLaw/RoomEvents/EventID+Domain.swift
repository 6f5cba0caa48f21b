package import MatrixIdentifiers

extension EventID {
  /// The server that chose this id; nil for ids that are hashes.
  ///
  /// spec: rooms/v1#event-ids
  package var serverName: ServerName? {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    return ServerName(String(text[text.utf8.index(after: colon)...]))
  }
}
