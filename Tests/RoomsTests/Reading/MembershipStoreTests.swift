import MatrixIdentifiers
import RoomEvents
import TestKit
import Testing

@testable import Rooms

struct MembershipStoreTests {
  private let bob = RoomFixture.bob

  @Test func theLastMemberEventCounts() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let user = try RoomFixture.user(bob)
      #expect(try await world.memberships.membership(of: user, in: room) == nil)
      for (membership, sender) in [
        ("invite", RoomFixture.alice), ("join", bob), ("leave", bob), ("ban", RoomFixture.alice),
      ] {
        let answer = try await world.member(bob, membership, in: room, by: sender)
        let row = try await world.memberships.membership(of: user, in: room)
        #expect(
          row
            == MembershipRow(
              userID: user, roomID: room, membership: membership, eventID: answer.eventID,
              sender: try RoomFixture.user(sender), streamOrdering: answer.streamOrdering,
              writer: answer.writer))
        #expect(row == MembershipRow(try await world.stored(answer.eventID)))
        let rooms = try await world.memberships.rooms(of: user, memberships: [membership])
        #expect(rooms == [row].compactMap { $0 })
        #expect(try await world.memberships.rooms(of: user, memberships: ["knock"]).isEmpty)
        let members = try await world.memberships.members(of: room, memberships: [membership])
        #expect(members.map(\.userID).contains(user))
      }
    }
  }

  @Test func onlyWhoIsOutCanForget() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let user = try RoomFixture.user(bob)
      #expect(try await !world.memberships.forget(room, by: user))
      try await world.member(bob, "join", in: room)
      #expect(try await !world.memberships.forget(room, by: user))
      try await world.member(bob, "leave", in: room)
      #expect(try await world.memberships.forget(room, by: user))
      #expect(try await world.memberships.membership(of: user, in: room)?.isForgotten == true)
      // Coming back ends it.
      try await world.member(bob, "join", in: room)
      #expect(try await world.memberships.membership(of: user, in: room)?.isForgotten == false)
    }
  }

  @Test func aMemberEventForNobodyIsNoMembership() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let message = try await world.say("x", in: room)
      #expect(MembershipRow(try await world.stored(message.eventID)) == nil)
    }
  }
}

struct AliasStoreTests {
  private func alias(_ text: String) throws -> RoomAlias {
    try present(RoomAlias(text), "alias")
  }

  @Test func anAliasLeadsToOneRoom() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let alice = try RoomFixture.user(RoomFixture.alice)
      let (a, b) = (try alias("#a:a.example"), try alias("#b:a.example"))
      let aliases = world.aliases
      #expect(try await aliases.room(named: a) == nil)
      #expect(try await aliases.add(b, for: room, by: alice, now: 1))
      #expect(try await aliases.add(a, for: room, by: alice, now: 2))
      #expect(
        try await !aliases.add(a, for: other, by: try RoomFixture.user(RoomFixture.bob), now: 3))
      #expect(try await aliases.room(named: a) == room)
      #expect(try await aliases.creator(of: a) == alice)
      #expect(try await aliases.aliases(of: room) == [a, b])
      #expect(try await aliases.aliases(of: other).isEmpty)
      try await aliases.remove(a, of: other)
      #expect(try await aliases.room(named: a) == room)
      try await aliases.remove(a, of: room)
      #expect(try await aliases.room(named: a) == nil)
      #expect(try await aliases.creator(of: a) == nil)
      #expect(try await aliases.aliases(of: room) == [b])
    }
  }

  /// The name of a room that is being made: nobody finds it, and nobody takes it, for a while.
  @Test func aNameIsKeptForARoomThatDoesNotExistYet() async throws {
    try await withWorld { world in
      let (coming, room) = (try RoomFixture.room("!soon:a.example"), try await world.makeRoom())
      let alice = try RoomFixture.user(RoomFixture.alice)
      let bob = try RoomFixture.user(RoomFixture.bob)
      let (name, aliases) = (try alias("#a:a.example"), world.aliases)
      let end = 10 + Int64(AliasStore.reservation / .milliseconds(1))
      #expect(try await aliases.add(name, for: coming, by: alice, now: 10))
      #expect(try await aliases.room(named: name) == nil)
      #expect(try await aliases.rooms(named: [name]).isEmpty)
      #expect(try await !aliases.add(name, for: room, by: bob, now: end))
      // The answer to the first insertion may have been lost.
      #expect(try await aliases.add(name, for: coming, by: alice, now: 10))
      #expect(try await !aliases.add(name, for: coming, by: alice, now: 11))
      #expect(try await aliases.add(name, for: room, by: bob, now: end + 1))
      #expect(try await aliases.room(named: name) == room)
      #expect(try await aliases.rooms(named: [name]) == [name: room])
      #expect(try await aliases.creator(of: name) == bob)
      // Of a room that exists it is kept for ever.
      #expect(try await !aliases.add(name, for: coming, by: alice, now: .max))
    }
  }

  @Test func theDirectoryChecksWhoRemoves() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let (alice, bob) = (
        try RoomFixture.user(RoomFixture.alice), try RoomFixture.user(RoomFixture.bob)
      )
      try await world.member(RoomFixture.bob, "join", in: room)
      let (bobs, alices) = (try alias("#bobs:a.example"), try alias("#alices:a.example"))
      let directory = world.directory
      try await directory.add(bobs, for: room, by: bob)
      try await directory.add(alices, for: room, by: alice)
      await #expect(throws: RoomError.aliasTaken) {
        try await directory.add(bobs, for: room, by: alice)
      }
      #expect(try await directory.aliases(of: room, for: bob) == [alices, bobs])
      await #expect(throws: RoomError.self) { try await directory.remove(alices, by: bob) }
      // The room's creator may change its canonical alias, so may remove any.
      try await directory.remove(bobs, by: alice)
      try await directory.remove(alices, by: alice)
      await #expect(throws: RoomError.unknownAlias) { try await directory.room(named: alices) }
      await #expect(throws: RoomError.unknownAlias) { try await directory.remove(bobs, by: bob) }
    }
  }

  @Test func theDirectoryRefusesWhatIsNotItsOwn() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let alice = try RoomFixture.user(RoomFixture.alice)
      await #expect(throws: RoomError.invalid("roomAlias")) {
        try await world.directory.add(try alias("#a:b.example"), for: room, by: alice)
      }
      await #expect(throws: RoomError.unknownRoom) {
        try await world.directory.add(
          try alias("#a:a.example"), for: try RoomFixture.room("!no:a.example"), by: alice)
      }
      await #expect(throws: RoomError.notInRoom) {
        try await world.directory.aliases(of: room, for: try RoomFixture.user(RoomFixture.bob))
      }
    }
  }
}
