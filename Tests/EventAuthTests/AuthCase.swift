import EventAuth
import MatrixCrypto
import MatrixJSON
import RoomEvents
import Testing

/// One event before one state, and the rule that refuses it, if any.
struct AuthCase: Sendable, CustomTestStringConvertible {
  let name: String
  let versions: [RoomVersion]
  let refusedBy: AuthRule?
  let arrange: @Sendable (inout TestRoom) throws -> Event

  var testDescription: String { name }

  static func allowed(
    _ name: String, in versions: [RoomVersion] = RoomVersion.all,
    _ arrange: @escaping @Sendable (inout TestRoom) throws -> Event
  ) -> AuthCase {
    AuthCase(name: name, versions: versions, refusedBy: nil, arrange: arrange)
  }

  static func refused(
    _ rule: AuthRule, _ name: String, in versions: [RoomVersion] = RoomVersion.all,
    _ arrange: @escaping @Sendable (inout TestRoom) throws -> Event
  ) -> AuthCase {
    AuthCase(name: name, versions: versions, refusedBy: rule, arrange: arrange)
  }

  func run() throws {
    for version in versions {
      var room = try TestRoom(version)
      let event = try arrange(&room)
      var rejection: AuthRejection?
      do { try authorise(event, state: room.state) } catch { rejection = error }
      #expect(rejection?.rule == refusedBy?.rawValue, "version \(version): \(name)")
    }
  }
}

@Suite struct AuthorisationTests {
  @Test(arguments: CreateCases.all) func create(_ example: AuthCase) throws { try example.run() }
  @Test(arguments: JoinCases.all) func join(_ example: AuthCase) throws { try example.run() }
  @Test(arguments: InviteCases.all) func invite(_ example: AuthCase) throws { try example.run() }
  @Test(arguments: LeaveCases.all) func leave(_ example: AuthCase) throws { try example.run() }
  @Test(arguments: GeneralCases.all) func general(_ example: AuthCase) throws { try example.run() }
  @Test(arguments: PowerLevelCases.all) func levels(_ example: AuthCase) throws {
    try example.run()
  }

  @Test(arguments: RoomVersion.all)
  func everyRuleHasACaseThatItRefuses(version: RoomVersion) {
    let cases =
      CreateCases.all + JoinCases.all + InviteCases.all + LeaveCases.all + GeneralCases.all
      + PowerLevelCases.all
    let covered = Set(cases.filter { $0.versions.contains(version) }.compactMap(\.refusedBy))
    let missing = Set(AuthRule.allCases).subtracting(covered)
    let onAuthEvents: Set<AuthRule> = [
      .authEventsDuplicate, .authEventsUnexpected, .authEventsRejected, .authEventsNoCreate,
      .authEventsOtherRoom,
    ]
    let otherVersions: Set<AuthRule> =
      switch version {
      case .v10: [.createRoomID, .createAdditionalCreators, .levelsCreators]
      case .v11: [.createRoomID, .createAdditionalCreators, .levelsCreators, .createCreator]
      default: [.createRoomDomain, .createCreator]
      }
    #expect(missing == onAuthEvents.union(otherVersions))
  }

  @Test func reasonsAreWrittenForPeople() {
    for rule in AuthRule.allCases {
      let rejection = AuthRejection(rule)
      #expect(rejection.reason != rejection.rule)
    }
    #expect(Set(AuthRule.allCases.map(\.rawValue)).count == AuthRule.allCases.count)
  }
}
