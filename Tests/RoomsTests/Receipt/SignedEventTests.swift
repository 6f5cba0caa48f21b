import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@testable import Rooms

/// The whole way of what other servers send, from its bytes into the database and on from there.
struct SignedEventTests {
  private static func receive(
    _ bytes: [UInt8], of fixture: ReceiptFixture, _ world: World
  ) async throws -> ReceiveOutcome {
    var machine = ReceiptMachine(
      bytes, in: fixture.room, version: fixture.version, kind: .live)
    machine.give(fixture.keys)
    if case .nothing(.drop(let reason)) = machine.need { return .dropped(reason) }
    let genuine = try present(machine.event, "event")
    let request = ReceiveRequest(
      roomID: fixture.room, version: fixture.version,
      events: [ReceivedEvent(event: genuine, kind: .live)])
    return try present(try await world.writer.receive(request).first, "outcome")
  }

  @Test(arguments: RoomVersion.all)
  func aRoomOfOthersIsReadAndAnswered(_ version: RoomVersion) async throws {
    try await withWorld { world in
      var fixture = try ReceiptFixture(version)
      let message = try fixture.send(fixture.message(ReceiptFixture.bob))
      for event in fixture.events {
        let outcome = try await Self.receive(event.bytes, of: fixture, world)
        #expect(outcome == .stored(.accepted))
      }
      #expect(try await world.stored(message.eventID).event.bytes == message.bytes)

      let sent = try await world.say("answer", in: fixture.room, by: ReceiptFixture.alice)
      let answer = try await world.stored(sent.eventID).event
      #expect(answer.prevEvents == [message.eventID])
      #expect(Set(answer.authEvents) == Set(fixture.selection(for: answer)))
      guard version.rules.referencesCarryHashes else { return }
      // Events of the first versions name others by their hashes too.
      let reference = try present(answer.json["prev_events"]?[0], "reference")
      #expect(
        reference[1]?["sha256"]?.string
          == UnpaddedBase64.encode(EventHashes.referenceHash(of: message)))
    }
  }

  /// Of a message whose content is not genuine the rest is taken.
  @Test(arguments: RoomVersion.all)
  func whatIsForgedIsDroppedOrLeftOut(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let fixture = try ReceiptFixture(version)
      for event in fixture.events {
        _ = try await Self.receive(event.bytes, of: fixture, world)
      }
      let event = try fixture.build(fixture.message(ReceiptFixture.bob))
      let unsigned = try ReceiptFixture.changed(event) { $0["depth"] = 1000 }
      let dropped = try await Self.receive(unsigned, of: fixture, world)
      #expect(dropped == .dropped(.badSignature(try ReceiptFixture.server("b.example"))))
      let forged = try ReceiptFixture.changed(event) { $0["content"] = ["body": "forged"] }
      #expect(try await Self.receive(forged, of: fixture, world) == .stored(.accepted))
      let stored = try await world.stored(event.eventID)
      #expect(stored.event.bytes == redactedBytes(of: event))
    }
  }
}

extension ReceiptFixture {
  /// The ids of what an event should cite.
  fileprivate func selection(for event: Event) -> [EventID] {
    event.authEventKeys.compactMap { state[$0]?.eventID }
  }
}
