import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// What users sent who had themselves erased is for those who were there.
struct ErasedContentTests {
  private static let insert = Statement(
    "test_insert_erased",
    "INSERT INTO users (user_id, created_at, deactivated, erased) VALUES ($1, 0, true, $2)")
  private static let carol = "@carol:a.example"

  @Test(arguments: [true, false]) func laterMembersSeeNothingOfIt(isErased: Bool) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      _ = try await world.database.query(Self.insert, [.text(RoomFixture.bob), .bool(isErased)])
      let intents = [
        try RoomFixture.state(
          EventType.member, RoomFixture.bob, ["membership": "join"], by: RoomFixture.bob),
        try RoomFixture.message("words", by: RoomFixture.bob),
        try RoomFixture.message("of another", by: RoomFixture.alice),
        try RoomFixture.state(
          EventType.member, Self.carol, ["membership": "join"], by: Self.carol),
      ]
      let events = try await world.writer.persist(PersistRequest(roomID: room, intents: intents))
      func bodies(_ user: String) async throws -> [String] {
        let page = try await world.history.page(
          of: room, for: try RoomFixture.user(user), from: nil, to: nil, .forwards, limit: 50)
        return page.events.compactMap { $0.event.content["body"]?.string }
      }
      let kept = ["words", "of another"]
      #expect(try await bodies(RoomFixture.alice) == kept)
      #expect(try await bodies(Self.carol) == (isErased ? ["of another"] : kept))
      let event = try await world.read.bundledEvent(
        events[1].eventID, in: room, for: try RoomFixture.user(Self.carol)
      ).event.event
      #expect(event.content["body"]?.string == (isErased ? nil : "words"))
      #expect(event.sender.text == RoomFixture.bob)
    }
  }
}
