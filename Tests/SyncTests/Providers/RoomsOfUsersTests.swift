import MatrixIdentifiers
import Rooms
import Streams
import Testing

@testable import Sync

struct RoomsOfUsersTests {
  private func room(_ number: Int) throws -> RoomID {
    try present(RoomID("!r\(number):a.example"), "room id")
  }

  private func user(_ number: Int) throws -> UserID {
    try present(UserID("@u\(number):a.example"), "user id")
  }

  private func row(_ user: UserID, _ room: RoomID, _ membership: String) throws -> MembershipRow {
    MembershipRow(
      userID: user, roomID: room, membership: membership,
      eventID: try present(EventID("$e"), "event id"), sender: user, streamOrdering: 1,
      writer: WriterID(raw: 1))
  }

  @Test func eventsKeepWhatWasFoundInStep() throws {
    var joined = RoomsOfUsers()
    let (ann, one, two) = (try user(1), try room(1), try room(2))
    joined.apply(try row(ann, one, "join"))
    let before = joined.rooms(of: ann)
    #expect(before == nil, "one event does not tell of all rooms")
    joined.beginLoading([ann])
    joined.endLoading([ann], [ann: [one]])
    joined.apply(try row(ann, two, "join"))
    joined.apply(try row(ann, one, "leave"))
    joined.apply(try row(try user(2), one, "join"))
    let after = joined.rooms(of: ann)
    #expect(after == [two] && joined.count == 1)
  }

  @Test func whoHasNoRoomsIsKnownToHaveNone() throws {
    var joined = RoomsOfUsers()
    joined.beginLoading([try user(1)])
    joined.endLoading([try user(1)], [:])
    let rooms = joined.rooms(of: try user(1))
    #expect(rooms == [])
  }

  @Test func anEventDuringALookUpMakesItWorthless() throws {
    var joined = RoomsOfUsers()
    let (ann, one) = (try user(1), try room(1))
    joined.beginLoading([ann])
    joined.apply(try row(ann, one, "leave"))
    joined.endLoading([ann], [ann: [one]])
    let rooms = joined.rooms(of: ann)
    #expect(rooms == nil)
    joined.beginLoading([ann])
    joined.endLoading([ann], nil)
    let unknown = joined.rooms(of: ann)
    #expect(unknown == nil, "a look-up that failed tells nothing")
  }

  @Test func thoseUsedLongestAgoAreForgotten() throws {
    var joined = RoomsOfUsers(limit: 20)
    for number in 0..<10 {
      let user = try user(number)
      joined.beginLoading([user])
      joined.endLoading([user], [user: [try room(number)]])
    }
    let first = joined.rooms(of: try user(0))
    #expect(first != nil)
    joined.beginLoading([try user(10)])
    joined.endLoading([try user(10)], [try user(10): [try room(1)]])
    let (kept, gone) = (joined.rooms(of: try user(0)), joined.rooms(of: try user(1)))
    #expect(kept != nil && gone == nil)
    #expect(joined.count <= 8)
  }
}
