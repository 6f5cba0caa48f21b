import MatrixCrypto
import MatrixIdentifiers
import Postgres
import Streams

/// Tells every process that tokens have ended: recorded in the transaction that ends them, so it
/// cannot be lost, and announced after the commit, so it is quick.
enum EndedTokens {
  static func record(_ hashes: [[UInt8]], on transaction: any Querying) async throws {
    guard !hashes.isEmpty else { return }
    let query = InvalidationFeed.statement(.accessTokens, keys(hashes))
    _ = try await transaction.query(query.statement, query.binds)
  }

  static func announce(_ hashes: [[UInt8]], on feed: InvalidationFeed) {
    guard !hashes.isEmpty else { return }
    feed.announce(.accessTokens, keys(hashes))
  }

  static func hash(ofKey key: String) -> [UInt8]? {
    UnpaddedBase64.decode(key)
  }

  private static func keys(_ hashes: [[UInt8]]) -> [String] {
    hashes.map { UnpaddedBase64.encode($0) }
  }
}

/// For a change of what is remembered with a user's tokens: they do not end, but every process
/// asks anew what they stand for.
enum CachedTokens {
  /// Part of the transaction that makes the change.
  /// - Returns: what is to be announced once it has committed.
  static func recordChange(
    of user: UserID, on transaction: any Querying
  ) async throws -> [[UInt8]] {
    let tokens = try await TokenStore.hashes(of: user, on: transaction)
    try await EndedTokens.record(tokens, on: transaction)
    return tokens
  }
}
