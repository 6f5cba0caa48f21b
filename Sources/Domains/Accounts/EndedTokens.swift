import MatrixCrypto
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
