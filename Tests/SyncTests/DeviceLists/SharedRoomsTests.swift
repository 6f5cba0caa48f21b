import MatrixIdentifiers
import Rooms
import Streams
import Testing

@testable import Sync

/// With whom somebody shares a room, as the changes between two positions tell it.
struct SharedRoomsTests {
  struct Case: CustomTestStringConvertible {
    let name: String
    /// The rooms that Alice is in now.
    let alice: String
    /// The rooms that Bob is in now.
    let bob: String
    /// `a+1`: Alice came into room 1; `b-2`: Bob left room 2.
    let changes: [String]
    let wasShared: Bool
    let isShared: Bool
    var moved = false

    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "nothing", alice: "1", bob: "1", changes: [], wasShared: true, isShared: true),
    Case(name: "strangers", alice: "1", bob: "2", changes: [], wasShared: false, isShared: false),
    Case(
      name: "Bob comes", alice: "1", bob: "1", changes: ["b+1"], wasShared: false,
      isShared: true, moved: true),
    Case(
      name: "Bob comes to a second room", alice: "12", bob: "12", changes: ["b+2"],
      wasShared: true, isShared: true, moved: true),
    Case(
      name: "Bob leaves", alice: "1", bob: "", changes: ["b-1"], wasShared: true,
      isShared: false, moved: true),
    Case(
      name: "Bob leaves one of two", alice: "12", bob: "2", changes: ["b-1"], wasShared: true,
      isShared: true, moved: true),
    Case(
      name: "Bob comes and leaves", alice: "1", bob: "", changes: ["b+1", "b-1"],
      wasShared: false, isShared: false, moved: true),
    Case(
      name: "Bob leaves and comes again", alice: "1", bob: "1", changes: ["b-1", "b+1"],
      wasShared: true, isShared: true, moved: true),
    Case(
      name: "Bob changes rooms", alice: "12", bob: "2", changes: ["b-1", "b+2"],
      wasShared: true, isShared: true, moved: true),
    Case(
      name: "Alice comes", alice: "1", bob: "1", changes: ["a+1"], wasShared: false,
      isShared: true),
    Case(
      name: "Alice leaves", alice: "", bob: "1", changes: ["a-1"], wasShared: true,
      isShared: false),
    Case(
      name: "Alice leaves one of two", alice: "2", bob: "12", changes: ["a-1"], wasShared: true,
      isShared: true),
    Case(
      name: "both come", alice: "1", bob: "1", changes: ["a+1", "b+1"], wasShared: false,
      isShared: true, moved: true),
    Case(
      name: "both leave", alice: "", bob: "", changes: ["b-1", "a-1"], wasShared: true,
      isShared: false, moved: true),
    Case(
      name: "Bob leaves where Alice comes", alice: "1", bob: "", changes: ["b-1", "a+1"],
      wasShared: false, isShared: false, moved: true),
    Case(
      name: "Bob moves elsewhere", alice: "1", bob: "12", changes: ["b+2"], wasShared: true,
      isShared: true),
    Case(
      name: "Alice moves to where Bob is", alice: "2", bob: "2", changes: ["a-1", "a+2"],
      wasShared: false, isShared: true),
  ]

  @Test(arguments: cases)
  func whoSharedAndShares(_ one: Case) throws {
    let (alice, bob) = (
      try present(UserID(World.alice), "Alice"), try present(UserID(World.bob), "Bob")
    )
    let changes = try one.changes.map { text in
      JoinChange(
        userID: text.hasPrefix("a") ? alice : bob, roomID: try Self.room(text.suffix(1)),
        isJoined: text.contains("+"))
    }
    let shared = SharedRooms(
      of: alice, now: try Self.rooms(of: alice, one.alice), changes: changes)
    let theirs = Set(try one.bob.map { try Self.room("\($0)") })
    #expect(shared.wasShared(bob, theirs) == one.wasShared)
    #expect(shared.isShared(theirs) == one.isShared)
    #expect(shared.movers.contains(bob) == one.moved)
  }

  @Test func ownMovesAreWhatRemainsOfThem() throws {
    let alice = try present(UserID(World.alice), "Alice")
    let changes = try ["1+", "2-", "3+", "3-", "4-", "4+"].map { text in
      JoinChange(
        userID: alice, roomID: try Self.room(text.prefix(1)), isJoined: text.hasSuffix("+"))
    }
    let shared = SharedRooms(of: alice, now: try Self.rooms(of: alice, "145"), changes: changes)
    #expect(shared.entered == [try Self.room("1")])
    #expect(shared.left == [try Self.room("2")])
    #expect(Set(shared.kept) == [try Self.room("4"), try Self.room("5")])
    #expect(shared.movers.isEmpty)
  }

  private static func room(_ number: some StringProtocol) throws -> RoomID {
    try present(RoomID("!\(number):a.example"), "room id")
  }

  private static func rooms(of user: UserID, _ joined: String) throws -> UserRooms {
    UserRooms(
      try "12345".map { number in
        MembershipRow(
          userID: user, roomID: try room("\(number)"),
          membership: joined.contains(number) ? "join" : "leave",
          eventID: try present(EventID("$x"), "event id"), sender: user, streamOrdering: 1,
          writer: WriterID(raw: 1))
      })
  }
}
