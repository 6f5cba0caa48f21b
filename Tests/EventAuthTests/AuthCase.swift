import EventAuth
import MatrixIdentifiers
import RoomEvents
import Testing

/// One event before one state, and the rule of the specification that decides about it.
struct AuthCase: Sendable, CustomTestStringConvertible {
  let name: String
  let versions: [RoomVersion]
  /// The name of a line of `RuleList`.
  let rule: String
  let outcome: SpecRule.Outcome
  let arrange: @Sendable (inout TestRoom) throws -> Event

  var testDescription: String { "\(rule), \(outcome): \(name)" }

  static func allowed(
    _ rule: String, _ name: String, in versions: [RoomVersion] = RoomVersion.all,
    _ arrange: @escaping @Sendable (inout TestRoom) throws -> Event
  ) -> AuthCase {
    AuthCase(name: name, versions: versions, rule: rule, outcome: .allow, arrange: arrange)
  }

  static func refused(
    _ rule: AuthRule, _ name: String, in versions: [RoomVersion] = RoomVersion.all,
    _ arrange: @escaping @Sendable (inout TestRoom) throws -> Event
  ) -> AuthCase {
    AuthCase(
      name: name, versions: versions, rule: rule.rawValue, outcome: .refuse, arrange: arrange)
  }

  func run() throws {
    for version in versions {
      var room = try TestRoom(version)
      let event = try arrange(&room)
      let anchor = SpecRule.named(rule, outcome)?.anchor(in: version)
      #expect(
        room.refusal(of: event) == (outcome == .refuse ? rule : nil),
        "\(anchor ?? "no rule of version \(version)"): \(name)")
    }
  }

  static let all =
    CreateCases.all + AuthEventCases.all + GeneralCases.all + OldRuleCases.all + JoinCases.all
    + RestrictedJoinCases.all + KnockCases.all + InviteCases.all + LeaveCases.all
    + PowerLevelFormCases.all + PowerLevelCases.all
}

@Suite struct AuthorisationTests {
  @Test(arguments: AuthCase.all) func rule(_ example: AuthCase) throws { try example.run() }
}
