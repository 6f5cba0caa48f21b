package import MatrixIdentifiers
import MatrixJSON
import Postgres
package import Streams

/// What the writer of the push rules stream does when it is called.
package struct RulesetOwner: Sendable {
  static let change = "change"

  private let committer: StreamCommitter<UserID>
  private let writer: WriterID

  package init(committer: StreamCommitter<UserID>, writer: WriterID) {
    self.committer = committer
    self.writer = writer
  }

  package func register(in owner: LocalOwner) {
    owner.register(.pushRules, Self.change) { body throws(OwnerError) in
      let call: RulesetCall
      do {
        call = try RulesetCall(try JSONDocument(body).root)
      } catch {
        throw .unavailable(reason: "the call cannot be read")
      }
      return try await commit(call)
    }
  }

  private func commit(_ call: RulesetCall) async throws(OwnerError) -> [UInt8] {
    try await committer.commit(
      StreamChange(subject: call.user.text, reads: [RulesetStore.query([call.user])]) {
        read, positions in
        let known = try RulesetStore.read(read[0]).first?.rules ?? PushRuleset()
        var rules = known
        do throws(PushRuleError) {
          try rules.apply(call.change)
        } catch {
          throw error.refusal
        }
        guard rules != known else { return .unchanged() }
        return StreamOutcome(
          writes: [RulesetStore.write(rules, of: call.user, at: positions[0], by: writer)],
          rows: [StreamRow(position: positions[0], row: call.user)])
      })
  }
}
