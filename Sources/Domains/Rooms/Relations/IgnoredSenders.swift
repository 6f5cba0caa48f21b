package import MatrixIdentifiers

/// Whose messages users do not want to see. Asked for once an answer, where it matters.
/// spec: client-server-api#ignoring-users
package protocol IgnoredSenders: Sendable {
  func ignored(by user: UserID) async throws -> Set<UserID>
}
