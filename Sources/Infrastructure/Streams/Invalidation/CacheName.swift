/// The in-memory caches that every process drops entries of when another one says so.
package enum CacheName: String, CaseIterable, Sendable {
  /// By hash of the token.
  case accessTokens = "access_tokens"
}
