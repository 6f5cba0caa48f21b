import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@testable import Rooms

/// Who may give power in whose name, and how much.
struct PowerGrantTests {
  private static let (ann, ben) = ("@ann:a.example", "@ben:a.example")

  struct Case: Sendable, CustomTestStringConvertible {
    var version = RoomVersion.v11
    /// Nil where the room has no power levels.
    let levels: JSON?
    /// The mightiest of the server, by their names.
    let candidates: [String]
    /// The user's new level in the name of the first; nil when nothing changes.
    let level: Int64?

    var testDescription: String { "\(version) \(levels.map { "\($0)" } ?? "without levels")" }
  }

  static let cases = [
    Case(levels: nil, candidates: ["ann"], level: 100),
    Case(levels: ["users": ["@ann:a.example": 100]], candidates: ["ann"], level: 100),
    Case(
      levels: ["users": ["@ann:a.example": 50, "@cid:a.example": 90, "@dan:b.example": 100]],
      candidates: ["cid", "ann"], level: 90),
    Case(
      levels: ["users": ["@ann:a.example": 100, "@ben:a.example": 100]],
      candidates: ["ann", "ben"], level: nil),
    Case(
      levels: ["users": ["@cid:a.example": 60], "users_default": 70],
      candidates: ["ann", "cid"], level: nil),
    // A creator stands above all levels, and gives the highest of which there is any talk.
    Case(version: .v12, levels: ["users": [:]], candidates: ["ann"], level: 100),
    Case(
      version: .v12, levels: ["events": ["m.room.tombstone": 150]], candidates: ["ann"],
      level: 150),
  ]

  @Test(arguments: cases)
  func powerIsThatOfTheMightiest(_ one: Case) throws {
    let maker = PDUMaker(one.version, creator: Self.ann)
    let create = try maker.createEvent()
    var draft = PDUMaker.Draft(sender: Self.ann, type: EventType.powerLevels, stateKey: "")
    draft.content = one.levels ?? [:]
    let levels = try one.levels.map { _ in try maker.make(draft, named: "levels") { _ in nil } }
    let ben = try RoomFixture.user(Self.ben)
    let grant = PowerGrant(ben, levels: levels, create: create)
    let candidates = grant.candidates(of: ben.serverName)
    #expect(candidates.map(\.localpart) == one.candidates)
    let content = try candidates.first.flatMap { grant.content(by: $0) }
      .map { try JSONDocument($0).root }
    #expect(content?["users"]?[Self.ben]?.integer == one.level)
    if let content, let before = one.levels {
      var after = JSON(content)
      after["users"] = before["users"]
      #expect(after == before)
    }
  }
}
