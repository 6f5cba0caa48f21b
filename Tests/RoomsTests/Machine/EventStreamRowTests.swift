import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

struct EventStreamRowTests {
  private func decode(_ bytes: [UInt8]) throws -> StoredEvent {
    try EventStreamRow.decode(try JSONDocument(bytes).root)
  }

  private func sample(
    _ version: RoomVersion = .v12, isFull: Bool = true
  ) throws -> StoredEvent {
    var room = try RoomFixture(version: version)
    let event = try room.event(
      try RoomFixture.message("hëllo \u{1F600} \"quoted\" \0 end", by: RoomFixture.alice)
    ).event
    guard isFull else {
      return StoredEvent(event: event, streamOrdering: 7, writer: WriterID(raw: 3))
    }
    return StoredEvent(
      event: event, streamOrdering: 9_000_000_000_000, writer: WriterID(raw: .max),
      replaced: Array("\"prev_content\":{\"a\":[1,\"}\"]},\"prev_sender\":\"@a:b\"".utf8),
      unsigned: Array("\"redacted_because\":{\"b\":\"}\"}".utf8),
      transaction: SendingTransaction(deviceID: "D\"", transactionID: "t\n"),
      redactedBy: EventID("$redaction"))
  }

  @Test(arguments: RoomFixture.versions, [true, false])
  func aRowComesBackAsItWas(_ version: RoomVersion, _ isFull: Bool) throws {
    let stored = try sample(version, isFull: isFull)
    let read = try EventStreamRow.decode(try JSONDocument(EventStreamRow.encode(stored)).root)
    #expect(read.event.bytes == stored.event.bytes)
    #expect(read.event.eventID == stored.event.eventID)
    #expect(read.event.version == version)
    #expect(read.streamOrdering == stored.streamOrdering)
    #expect(read.writer == stored.writer)
    #expect(read.replaced == stored.replaced)
    #expect(read.unsigned == stored.unsigned)
    #expect(read.transaction == stored.transaction)
    #expect(read.redactedBy == stored.redactedBy)
  }

  @Test func aRowIsOneJSONValue() throws {
    let bytes = EventStreamRow.encode(try sample())
    #expect(try JSONDocument(bytes, limits: .event).root.kind == .object)
  }

  @Test(arguments: [
    "id", "event", "ordering", "writer", "room_version", "replaced", "unsigned",
  ])
  func aRowWithoutAFieldIsRefused(_ field: String) throws {
    var row = JSON(try JSONDocument(EventStreamRow.encode(try sample())).root)
    row[field] = nil
    #expect(throws: (any Error).self) {
      try EventStreamRow.decode(try JSONDocument(row.bytes).root)
    }
  }

  @Test(
    arguments: [
      ("id", "no sigil"), ("id", 1), ("event", []), ("event", [:]), ("event", "text"),
      ("ordering", "1"), ("ordering", 1.5), ("writer", 9_000_000_000), ("writer", nil),
      ("room_version", "99"), ("room_version", 12), ("unsigned", "text"), ("unsigned", [1]),
    ] as [(String, JSON?)])
  func aRowWithABadFieldIsRefused(_ field: String, _ value: JSON?) throws {
    var row = JSON(try JSONDocument(EventStreamRow.encode(try sample())).root)
    row[field] = value ?? .null
    #expect(throws: (any Error).self) {
      try EventStreamRow.decode(try JSONDocument(row.bytes).root)
    }
  }

  @Test(arguments: ["", "[]", "null", "{", "{}", "\u{0}"])
  func whatIsNoRowIsRefused(_ text: String) {
    #expect(throws: (any Error).self) {
      try EventStreamRow.decode(try JSONDocument(Array(text.utf8)).root)
    }
  }

  @Test func noCutOfARowIsTakenForOne() throws {
    let bytes = EventStreamRow.encode(try sample())
    for length in 0..<bytes.count {
      #expect(throws: (any Error).self) {
        try EventStreamRow.decode(try JSONDocument(Array(bytes.prefix(length))).root)
      }
    }
  }

  /// Changed bytes give another row or an error, never a crash.
  @Test func damagedRowsAreReadOrRefused() throws {
    let bytes = EventStreamRow.encode(try sample())
    var random = SeededRandom(11)
    var refused = 0
    for _ in 0..<2000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: 0..<damaged.count, using: &random)
        damaged[index] = UInt8.random(in: 0...255, using: &random)
      }
      if (try? EventStreamRow.decode(try JSONDocument(damaged).root)) == nil { refused += 1 }
    }
    #expect(refused > 0 && refused < 2000)
  }
}

struct HistoryTokenTests {
  @Test(
    arguments: [
      ("t5", .position(5)), ("t0", .position(0)), ("t-1", .position(-1)),
      ("s7", .stream(VectorToken(minimum: 7))),
      ("s7~2.9", .stream(VectorToken(minimum: 7, positions: [WriterID(raw: 2): 9]))),
      ("s7~2.9_4_5", .stream(VectorToken(minimum: 7, positions: [WriterID(raw: 2): 9]))),
      ("", nil), ("t", nil), ("s", nil), ("5", nil), ("tx", nil), ("s7~", nil), ("s7~x.9", nil),
      ("t99999999999999999999", nil), ("s-1", nil), ("t 5", nil), ("S7", nil),
    ] as [(String, HistoryToken?)])
  func texts(_ text: String, _ token: HistoryToken?) {
    #expect(HistoryToken(text) == token)
    if let token { #expect(HistoryToken(token.text) == token) }
  }

  @Test func bounds() {
    let token = HistoryToken.stream(
      VectorToken(minimum: 7, positions: [WriterID(raw: 2): 9, WriterID(raw: 3): 12]))
    #expect(token.lowerBound == 7)
    #expect(token.upperBound == 12)
    #expect(HistoryToken.position(5).lowerBound == 5)
    #expect(HistoryToken.position(5).upperBound == 5)
  }
}
