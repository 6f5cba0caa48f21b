import Ephemera
import MatrixIdentifiers
import MatrixJSON
import Streams
import TestKit
import Testing

@testable import Rooms
@testable import Sync

/// What news cost when many wait for them.
struct WakeUpCostTests {
  @Test func aMessageCostsNoQuery() async throws {
    try await withCrowd { crowd in
      let answers = try await crowd.answers(to: {
        try await crowd.world.say("news", in: crowd.room)
      })
      #expect(answers.allSatisfy { $0.joined(crowd.room)?.bodies == ["news"] })
      #expect(crowd.queries.taken() == [])
    }
  }

  @Test func typingCostsNoQuery() async throws {
    try await withCrowd { crowd in
      let answers = try await crowd.answers(to: {
        crowd.typing.set(crowd.room.text, to: JSON.array([.string(World.alice)]).bytes)
      })
      for answer in answers {
        let event = try present(answer.ephemeral(crowd.room).first, "typing")
        #expect(event["content"]?["user_ids"]?.elements.map(\.string) == [World.alice])
      }
      #expect(crowd.queries.taken() == [])
    }
  }

  @Test func aReceiptCostsNoQuery() async throws {
    try await withCrowd { crowd in
      let event = try await crowd.world.say("read this", in: crowd.room)
      let receipt = Receipt(
        roomID: crowd.room, type: .read, userID: try crowd.world.user(World.alice),
        threadID: nil, eventID: event, timestamp: 7)
      let answers = try await crowd.answers(to: {
        _ = try await crowd.owner.call(
          OwnerCall(
            stream: .receipts, action: "set", key: crowd.room.text, body: receipt.encoded))
      })
      for answer in answers {
        let told = try present(answer.ephemeral(crowd.room).first, "receipt")
        #expect(told["content"]?[event.text]?["m.read"]?[World.alice] != nil)
      }
      #expect(crowd.queries.taken() == [])
    }
  }

  /// What is rendered for one is what all get: here, something that nobody else would render.
  @Test func anEventIsRenderedOnceForAll() async throws {
    try await withCrowd { crowd in
      let answers = try await crowd.answers(
        to: { try await crowd.world.say("news", in: crowd.room) },
        meanwhile: {
          let stored = try present(
            crowd.engine.memory.withState { $0.views[crowd.room]?.last }, "the event")
          _ = stored.shared { _ in Array(#"{"type":"rendered.once""#.utf8) }
        })
      for answer in answers {
        #expect(
          answer.joined(crowd.room)?.timeline.map { $0["type"]?.string } == ["rendered.once"])
      }
    }
  }
}

extension Answer {
  fileprivate func ephemeral(_ room: RoomID) -> [JSONView] {
    joined(room)?.json["ephemeral"]?["events"].map { Array($0.elements) } ?? []
  }
}
