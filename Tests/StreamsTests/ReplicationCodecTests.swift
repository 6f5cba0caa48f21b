import MatrixJSON
import TestKit
import Testing

@testable import Streams

@Suite struct ReplicationCodecTests {
  static let messages: [(String, ReplicationMessage)] = [
    (
      #"RDATA events 3 120 128 [[121,{"a":"b c"}],[128,null]]"#,
      .rows(
        stream: .events, writer: WriterID(raw: 3), previous: 120, position: 128,
        rows: Array(#"[[121,{"a":"b c"}],[128,null]]"#.utf8))
    ),
    (
      "POSITION events 3 120 128",
      .position(stream: .events, writer: WriterID(raw: 3), previous: 120, position: 128)
    ),
    ("REPLICATE worker 1", .replicate(instance: "worker 1")),
    (
      #"INVALIDATE access_tokens ["a\nb","ü"]"#,
      .invalidate(cache: .accessTokens, keys: ["a\nb", "ü"])
    ),
    ("INVALIDATE access_tokens []", .invalidate(cache: .accessTokens, keys: [])),
  ]

  @Test(arguments: messages)
  func thereAndBack(text: String, message: ReplicationMessage) {
    #expect(ReplicationCodec.decode(Array(text.utf8)) == message)
    #expect(ReplicationCodec.encode(message).map { String(decoding: $0, as: UTF8.self) } == text)
  }

  @Test(arguments: [
    "", " ", "RDATA", "RDATA ", "RDATA events", "RDATA events 3 1", "RDATA events x 1 2 []",
    "RDATA nosuch 3 1 2 []", "RDATA events 3 2 1 []", "RDATA events -3 1 2 []",
    "RDATA events 3 -1 2 []", "RDATA events 99999999999 1 2 []", "rdata events 3 1 2 []",
    "RDATA  events 3 1 2 []", "POSITION events 3 1", "POSITION events 3 1 2 3",
    "POSITION events 3 1 99999999999999999999", "REPLICATE", "REPLICATE ",
    "INVALIDATE access_tokens", "INVALIDATE access_tokens x", "INVALIDATE nosuch []",
    #"INVALIDATE access_tokens ["a",1]"#, #"INVALIDATE access_tokens {"a":"b"}"#, "NOSUCH a b",
  ])
  func whatIsNotAMessage(text: String) {
    #expect(ReplicationCodec.decode(Array(text.utf8)) == nil)
  }

  @Test func messagesBeyondTheLimitAreNeitherSentNorRead() {
    let rows = [UInt8](repeating: 0x20, count: ReplicationCodec.maximumBytes)
    let message = ReplicationMessage.rows(
      stream: .events, writer: WriterID(raw: 1), previous: 1, position: 2, rows: rows)
    #expect(ReplicationCodec.encode(message) == nil)
    #expect(ReplicationCodec.decode(Array("RDATA events 1 1 2 ".utf8) + rows) == nil)
  }

  /// Damaged messages are refused or read as something else, never a crash.
  @Test func damagedMessages() {
    var source = SeededRandom(11)
    var refused = 0
    for _ in 0..<20_000 {
      let original = Self.messages.randomElement(using: &source)?.0 ?? ""
      var bytes = Array(original.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &source) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &source)
        switch Int.random(in: 0..<3, using: &source) {
        case 0: bytes[index] = .random(in: 0...255, using: &source)
        case 1: bytes.remove(at: index)
        default: bytes.removeLast(bytes.count - index)
        }
      }
      if ReplicationCodec.decode(bytes) == nil { refused += 1 }
    }
    #expect(refused > 1000)
  }

  private struct Refused: Error {}

  private static func number(_ row: JSONView) throws -> Int {
    guard let number = row.integer else { throw Refused() }
    return Int(number)
  }

  @Test func rowsThereAndBack() throws {
    for count in 0..<5 {
      let rows = (0..<count).map { StreamRow(position: Int64(10 + $0), row: $0 * $0) }
      let bytes = try #require(RowsCodec.encode(rows) { Array(String($0).utf8) })
      #expect(try RowsCodec.decode(bytes, with: Self.number) == rows)
    }
  }

  @Test(arguments: [
    "", "{}", "[1]", "[[1]]", "[[1,2,3]]", #"[["1",2]]"#, "[[1.5,2]]", #"[[1,"x"]]"#, "[[1,2]",
    "[null]",
  ])
  func malformedRows(text: String) {
    #expect(throws: (any Error).self) {
      try RowsCodec.decode(Array(text.utf8), with: Self.number)
    }
  }

  @Test func rowsBeyondTheLimitAreNotEncoded() {
    let large = [UInt8](repeating: 0x31, count: RowsCodec.maximumBytes / 2)
    let one = StreamRow(position: 1, row: large)
    #expect(RowsCodec.encode([one]) { $0 } != nil)
    #expect(RowsCodec.encode([one, one]) { $0 } == nil)
    // What is within the limit fits into a message.
    #expect(RowsCodec.maximumBytes + 100 < ReplicationCodec.maximumBytes)
  }
}
