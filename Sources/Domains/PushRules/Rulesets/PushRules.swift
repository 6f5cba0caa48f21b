package import MatrixIdentifiers
package import Streams

/// A user's push rules, as their endpoints read and change them.
///
/// spec: client-server-api#push-rules-api
package struct PushRules: Sendable {
  private let store: RulesetStore
  private let owner: any StreamOwner

  package init(store: RulesetStore, owner: any StreamOwner) {
    self.store = store
    self.owner = owner
  }

  package func ruleset(of user: UserID) async throws -> PushRuleset {
    try await store.ruleset(of: user)
  }

  /// - Throws: `OwnerError`: refused with a Matrix error, or unavailable.
  package func change(_ change: PushRulesetChange, of user: UserID) async throws {
    _ = try await owner.call(
      OwnerCall(
        stream: .pushRules, action: RulesetOwner.change, key: user.text,
        body: RulesetCall(user: user, change: change).encoded))
  }
}
