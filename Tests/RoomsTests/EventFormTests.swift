import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

struct EventFormTests {
  private static let content: JSON = [
    "body": "hi", "m.relates_to": ["event_id": "$x", "rel_type": "m.thread"], "a\\b": 1,
    "deep": ["one": ["two": 2, "three": 3]],
  ]

  private func stored(version: RoomVersion = .v11) throws -> StoredEvent {
    let json: JSON = [
      "type": "m.room.message", "sender": .string(RoomFixture.alice), "room_id": "!r:a.example",
      "content": Self.content, "depth": 7, "origin_server_ts": 1, "auth_events": ["$a"],
    ]
    return StoredEvent(
      event: try Event(
        bytes: json.bytes, version: version, eventID: try present(EventID("$e"), "event id")),
      streamOrdering: 1, writer: WriterID(raw: 1),
      replaced: Array("\"replaces_state\":\"$old\"".utf8))
  }

  private func form(_ fields: [String]? = nil, _ format: EventForm.Format = .client) -> EventForm {
    var form = EventForm()
    form.format = format
    form.fields = fields.map { EventFields($0) }
    return form
  }

  private func rendered(
    _ stored: StoredEvent, _ form: EventForm, room: Bool = false
  ) throws -> JSONView {
    var writer = JSONWriter()
    ClientEvent.write(
      stored, to: &writer, reader: nil, now: 11, includeRoomID: room, form: form)
    return try JSONDocument(writer.bytes).root
  }

  /// What every event has: the members that are not named in `fields` below.
  private static let identity: JSON = [
    "event_id": "$e", "origin_server_ts": 1, "sender": .string(RoomFixture.alice),
    "type": "m.room.message",
  ]

  @Test(
    arguments: [
      ([""], "{}", ""), (["type"], "{}", ""),
      (["content.body", "event_id"], "{\"body\":\"hi\"}", ""),
      (
        ["content.m\\.relates_to.rel_type"], "{\"m.relates_to\":{\"rel_type\":\"m.thread\"}}", ""
      ),
      (["content.m.relates_to"], "{}", ""), (["content.a\\\\b"], "{\"a\\\\b\":1}", ""),
      (["content.deep.one.two"], "{\"deep\":{\"one\":{\"two\":2}}}", ""),
      (
        ["content.deep.one.two", "content.deep.one"],
        "{\"deep\":{\"one\":{\"three\":3,\"two\":2}}}", ""
      ),
      (["content.body.more", "content.none", "none", "sender.x", "a.b"], "{}", ""),
      (["unsigned.age"], "{}", "{\"unsigned\":{\"age\":10}}"),
      (["unsigned"], "{}", "{\"unsigned\":{\"age\":10,\"replaces_state\":\"$old\"}}"),
      (["unsigned.none"], "{}", ""), (["room_id"], "{}", "{\"room_id\":\"!r:a.example\"}"),
    ] as [([String], String, String)])
  func fields(_ fields: [String], _ content: String, _ others: String) throws {
    let event = try rendered(try stored(), form(fields), room: fields == ["room_id"])
    var expected = Self.identity
    expected["content"] = JSON(try JSONDocument(Array(content.utf8)).root)
    if !others.isEmpty {
      for (key, value) in try JSONDocument(Array(others.utf8)).root.members {
        expected[key] = JSON(value)
      }
    }
    #expect(JSON(event) == expected)
  }

  /// All other members stay away, and the order of the paths does not matter.
  @Test func aWholePropertyStaysWhole() throws {
    let one = try rendered(try stored(), form(["content", "content.body"]))
    let other = try rendered(try stored(), form(["content.body", "content"]))
    for event in [one, other] {
      #expect(event.count == 5)
      #expect(event["content"].map { JSON($0) } == Self.content)
    }
  }

  @Test func theFormatOfServersHasEverything() throws {
    let event = try rendered(try stored(), form(nil, .federation))
    #expect(event["depth"]?.integer == 7 && event["auth_events"]?.count == 1)
    #expect(event["room_id"]?.string == "!r:a.example")
    #expect(event["event_id"]?.string == "$e")
    #expect(event["unsigned"]?["age"]?.integer == 10)
    let chosen = try rendered(try stored(), form(["depth", "content.body"], .federation))
    #expect(chosen.count == 6 && chosen["content"]?.count == 1 && chosen["depth"] != nil)
  }

  /// What is kept with the event is not what another reader or a later time gets.
  @Test func whatIsKeptIsSharedByAll() throws {
    let stored = try stored()
    let form = form(["type", "unsigned.age"])
    for now in [11, 21] as [Int64] {
      var writer = JSONWriter()
      ClientEvent.write(
        stored, to: &writer, reader: nil, now: now, includeRoomID: false, form: form)
      #expect(try JSONDocument(writer.bytes).root["unsigned"]?["age"]?.integer == now - 1)
    }
    // More forms than are kept.
    for number in 0..<10 {
      let event = try rendered(stored, self.form(["type", "none\(number)"]))
      #expect(event.count == 5)
    }
  }

  @Test(arguments: [
    String(repeating: "a.", count: 500) + "a", String(repeating: "\\", count: 999), "", ".", "..",
  ])
  func oddPathsDoNoHarm(_ path: String) throws {
    #expect(try rendered(try stored(), form([path, "type"]))["type"] != nil)
  }
}
