package import MatrixCrypto
package import MatrixIdentifiers

/// Signing keys of servers, as far as they are known.
package struct ServerKeys: Sendable {
  private struct Key {
    let key: VerifyKey
    let validUntil: Int64
  }

  private var keys: [ServerName: [String: Key]] = [:]

  package init() {}

  /// - Parameters:
  ///   - id: with the algorithm, as in signatures.
  ///   - validUntil: the `valid_until_ts` of a current key, bounded to seven days after it was
  ///     fetched, or the `expired_ts` of an old one; milliseconds since 1970.
  package mutating func add(
    _ key: VerifyKey, server: ServerName, id: String, validUntil: Int64
  ) {
    keys[server, default: [:]][id] = Key(key: key, validUntil: validUntil)
  }

  func key(of server: ServerName, id: String) -> (key: VerifyKey, validUntil: Int64)? {
    keys[server]?[id].map { ($0.key, $0.validUntil) }
  }
}
