import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// Relations as they are written, redacted and read.
struct StoredRelationTests {
  private static let alice = RoomFixture.alice

  private func intent(
    _ kind: String, to parent: EventID, key: String? = nil, by sender: String = alice,
    more: [String: JSON] = [:], transaction: String? = nil
  ) throws -> EventIntent {
    var relation: [String: JSON] = [
      "rel_type": .string(kind), "event_id": .string(parent.text),
    ]
    if let key { relation["key"] = .string(key) }
    var content = more
    content["m.relates_to"] = .object(relation)
    var intent = try RoomFixture.message("", by: sender, transaction: transaction)
    intent.content = JSON.object(content).bytes
    return intent
  }

  private func bundles(
    _ world: World, _ ids: EventID..., seeing histories: [RoomID: HistoryVisibility] = [:]
  ) async throws -> EventBundles {
    try await world.bundler().bundles(
      for: try await world.events.events(ids), to: try RoomFixture.user(Self.alice),
      seeing: histories)
  }

  @Test func theListOfThreadsFollowsRedactionsAlsoInOneBatch() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let root = try await world.say("root", in: room).eventID
      var replies: [EventID] = []
      for _ in 0..<3 {
        replies.append(
          try await world.persist(
            try intent(RelationType.thread, to: root, by: Self.alice), in: room
          ).eventID)
      }
      let redactions = try [replies[2], replies[1]].map {
        PersistRequest(
          roomID: room, intents: [try RoomFixture.redaction(of: $0, by: Self.alice)])
      }
      for answer in try await world.inOneBatch(redactions) { _ = try answer.get() }
      let thread = try present(try await bundles(world, root)[root]?.thread, "thread")
      #expect(thread.count == 1)
      #expect(thread.latest.event.eventID == replies[0])
      #expect(
        try await world.number("latest", "SELECT latest FROM threads")
          == world.stored(replies[0]).streamOrdering)
      // The same redaction again takes nothing away.
      try await world.persist(
        try RoomFixture.redaction(of: replies[2], by: Self.alice), in: room)
      #expect(try await world.number("replies", "SELECT replies FROM threads") == 1)
    }
  }

  @Test func anAnnotationIsMadeOnceAlsoInOneBatch() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let parent = try await world.say("parent", in: room).eventID
      let same = try (0..<3).map { number in
        PersistRequest(
          roomID: room,
          intents: [
            try intent(
              RelationType.annotation, to: parent, key: "+",
              transaction: number == 2 ? "t0" : "t\(number)")
          ])
      }
      let answers = try await world.inOneBatch(same)
      let first = try present(try answers[0].get().first, "event")
      #expect(throws: PersistError.badRelation(.duplicateAnnotation)) { try answers[1].get() }
      #expect(try answers[2].get().first?.eventID == first.eventID)
      let later = try intent(RelationType.annotation, to: parent, key: "+")
      await #expect(throws: PersistError.badRelation(.duplicateAnnotation)) {
        try await world.persist(later, in: room)
      }
      // Taken back and made again within one batch.
      let again = try await world.inOneBatch([
        PersistRequest(
          roomID: room, intents: [try RoomFixture.redaction(of: first.eventID, by: Self.alice)]),
        PersistRequest(roomID: room, intents: [later]),
        PersistRequest(roomID: room, intents: [later]),
      ])
      _ = try again[0].get()
      _ = try again[1].get()
      #expect(throws: PersistError.badRelation(.duplicateAnnotation)) { try again[2].get() }
    }
  }

  @Test func aThreadOnAReplyOfTheSameBatch() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let root = try await world.say("root", in: room).eventID
      let reply = try await world.persist(
        try intent(RelationType.thread, to: root), in: room
      ).eventID
      let nested = PersistRequest(
        roomID: room, intents: [try intent(RelationType.thread, to: reply)])
      let redaction = PersistRequest(
        roomID: room, intents: [try RoomFixture.redaction(of: reply, by: Self.alice)])
      let answers = try await world.inOneBatch([nested, redaction, nested])
      #expect(throws: PersistError.badRelation(.threadOnRelation)) { try answers[0].get() }
      _ = try answers[2].get()
    }
  }

  /// By time, and of the same time by id.
  @Test func theLatestEdit() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let parent = try await world.say("parent", in: room).eventID
      var edits: [EventID] = []
      for time in [50, 90, 90, 70] as [Int64] {
        var edit = try intent(
          RelationType.replacement, to: parent,
          more: ["m.new_content": ["body": .string("\(edits.count)")]])
        edit.timestamp = time
        edits.append(try await world.persist(edit, in: room).eventID)
      }
      let expected = edits[1].text > edits[2].text ? edits[1] : edits[2]
      let found = try await bundles(world, parent)[parent]?.replacement?.event.eventID
      #expect(found == expected)
    }
  }

  @Test func whatIsSeenDecides() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let parent = try await world.say("parent", in: room)
      var children: [PersistedEvent] = []
      for kind in [RelationType.thread, RelationType.reference, RelationType.thread] {
        children.append(try await world.persist(try intent(kind, to: parent.eventID), in: room))
      }
      func seen(upTo place: Int64) async throws -> EventBundles.Bundle? {
        let history = HistoryVisibility(
          settings: [HistoryVisibility.Change(.min, .joined)],
          memberships: [
            HistoryVisibility.Change(.min, "join"), HistoryVisibility.Change(place, "leave"),
          ])
        return try await bundles(
          world, parent.eventID, seeing: [room: history])[parent.eventID]
      }
      #expect(try await seen(upTo: children[2].streamOrdering)?.thread?.count == 2)
      let part = try await seen(upTo: children[1].streamOrdering)
      #expect(part?.thread?.count == 1)
      #expect(part?.references == [children[1].eventID])
      #expect(try await seen(upTo: children[0].streamOrdering)?.references.isEmpty == true)
      #expect(try await seen(upTo: parent.streamOrdering) == nil)
    }
  }

  @Test func manyReferencesAreCut() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let parent = try await world.say("parent", in: room).eventID
      let count = BundleStore.referenceLimit + 5
      let intents = try (0..<count).map { number in
        try intent(RelationType.reference, to: parent, more: ["n": .integer(Int64(number))])
      }
      let made = try await world.writer.persist(PersistRequest(roomID: room, intents: intents))
      let told = try await bundles(world, parent)[parent]?.references
      #expect(told == made.prefix(BundleStore.referenceLimit).map(\.eventID))
    }
  }
}
