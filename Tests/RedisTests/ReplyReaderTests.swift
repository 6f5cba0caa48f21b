import Testing

@testable import Redis

@Suite struct ReplyReaderTests {
  static func feed(_ text: String, to reader: ReplyReader) throws {
    try Array(text.utf8).withUnsafeBytes { try reader.feed($0) }
  }

  @Test(arguments: [
    ("+OK\r\n", RedisValue.status(Array("OK".utf8))),
    (":-42\r\n", .integer(-42)),
    ("$-1\r\n", .null),
    ("*-1\r\n", .null),
    ("$0\r\n\r\n", .bytes([])),
    ("$4\r\na\r\nb\r\n", .bytes(Array("a\r\nb".utf8))),
    ("-NOAUTH with the text of a secret\r\n", .error(code: "NOAUTH")),
    ("*0\r\n", .array([])),
    ("*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", .array([.integer(1), .array([.bytes([0x78])])])),
  ])
  func wholeAndByteByByte(text: String, expected: RedisValue) throws {
    let whole = try #require(ReplyReader(limit: 1000))
    try Self.feed(text, to: whole)
    #expect(try whole.next() == expected)
    #expect(try whole.next() == nil)

    let pieces = try #require(ReplyReader(limit: 1000))
    for byte in text.utf8.dropLast() {
      try Self.feed(String(decoding: [byte], as: UTF8.self), to: pieces)
      #expect(try pieces.next() == nil)
    }
    try Self.feed("\n", to: pieces)
    #expect(try pieces.next() == expected)
  }

  @Test func severalRepliesAtOnce() throws {
    let reader = try #require(ReplyReader(limit: 1000))
    try Self.feed("+A\r\n:7\r\n", to: reader)
    #expect(try reader.next() == .status([0x41]))
    #expect(try reader.next() == .integer(7))
    #expect(try reader.next() == nil)
  }

  @Test(arguments: ["garbage\r\n", "$abc\r\n", ":\r\n"])
  func nonsenseIsRefused(text: String) throws {
    let reader = try #require(ReplyReader(limit: 1000))
    #expect(throws: RedisError.unexpectedReply) {
      try Self.feed(text, to: reader)
      while try reader.next() != nil {}
    }
  }

  @Test func aReplyBeyondTheLimitIsRefused() throws {
    let reader = try #require(ReplyReader(limit: 100))
    try Self.feed("$1000\r\n" + String(repeating: "x", count: 50), to: reader)
    #expect(throws: RedisError.unexpectedReply) {
      try Self.feed(String(repeating: "x", count: 100), to: reader)
    }
  }

  /// hiredis takes seven levels of arrays; one more must be an error and not a crash.
  @Test func deepNestingIsRefused() throws {
    let reader = try #require(ReplyReader(limit: 1000))
    #expect(throws: RedisError.unexpectedReply) {
      try Self.feed(String(repeating: "*1\r\n", count: 20) + ":1\r\n", to: reader)
      while try reader.next() != nil {}
    }
  }
}
