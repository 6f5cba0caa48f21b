import MatrixJSON
import Testing

@Suite("Strings: escapes and UTF-8")
struct StringTests {
  @Test(arguments: [
    ("\"a\"", "a"), ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{C}\n\r\t"),
    ("\"\\u0041\\u00e9\\u00E9\"", "A\u{E9}\u{E9}"), ("\"\\u65E5\"", "日"),
    ("\"\\u0000\"", "\0"), ("\"\\ud83d\\ude00\"", "😀"), ("\"\\uD800\\uDC00\"", "\u{10000}"),
    ("\"\\uDBFF\\uDFFF\"", "\u{10FFFF}"), ("\"\\uFFFF\\uD7FF\\uE000\"", "\u{FFFF}\u{D7FF}\u{E000}"),
    ("\"plain then 日本語 then \\n end\"", "plain then 日本語 then \n end"),
    ("\"\\\\u0041\"", "\\u0041"), ("\"é😀\"", "é😀"), ("\"12345678\\\"\"", "12345678\""),
  ])
  func unescapes(_ source: String, _ expected: String) throws {
    let view = try parse(source)
    let string = try #require(view.string)
    #expect(Array(string.utf8) == Array(expected.utf8))
    #expect(view.stringEquals(expected))
    #expect(!view.stringEquals(expected + "x"))
    #expect(!view.stringEquals(String(expected.dropLast())))
    let object = try parse("{\"x\":1,\(source):2}")
    #expect(object[expected]?.integer == 2)
  }

  @Test(arguments: [
    ("\"\\ud800\"", 1), ("\"\\udc00\"", 1), ("\"\\udfff\"", 1), ("\"\\ud800x\"", 1),
    ("\"\\ud800\\n\"", 1), ("\"\\ud800\\ud800\"", 1), ("\"\\ud800\\u0041\"", 1),
    ("\"ab\\udbff\\ue000\"", 3), ("\"\\ud83d\\ude00\\ud83d\"", 13), ("\"\\ude00\\ud83d\"", 1),
  ])
  func rejectsLoneSurrogates(_ source: String, _ offset: Int) {
    #expect(failure(source) == .loneSurrogate(offset: offset))
    #expect(failure("{\(source):1}") == .loneSurrogate(offset: offset + 1))
  }

  @Test(arguments: [
    "\"\\x41\"", "\"\\a\"", "\"\\'\"", "\"\\U0041\"", "\"\\u004g\"", "\"\\u 041\"",
    "\"\\u00\\n1\"", "\"\\0\"", "\"\\\n\"", "\"\\u+041\"", "\"\\é\"",
  ])
  func rejectsEscapes(_ source: String) {
    #expect(failure(source) == .invalidEscape(offset: 1))
  }

  @Test("Control characters must be escaped, wherever they stand in a group of eight")
  func rejectsControls() {
    for code in UInt8(0)..<0x20 {
      for place in 0..<17 {
        var content = [UInt8](repeating: UInt8(ascii: "a"), count: 20)
        content[place] = code
        #expect(failure(quoted(content)) == .unexpectedByte(offset: place + 1))
      }
    }
  }

  @Test("Every other ASCII byte stands for itself at every place")
  func plainBytes() throws {
    for code in UInt8(0x20)..<0x80
    where code != UInt8(ascii: "\"") && code != UInt8(ascii: "\\") {
      for place in 0..<10 {
        var content = [UInt8](repeating: UInt8(ascii: "!"), count: 12)
        content[place] = code
        let view = try JSONDocument(quoted(content)).root
        #expect(view.string.map { Array($0.utf8) } == content)
        #expect(view.isCanonical)
      }
    }
  }

  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x20], [0xC2, 0xC2],
      // Overlong forms of NUL, slash and U+FFFF.
      [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF],
      [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
      // Encoded surrogates, alone and as a pair.
      [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80],
      // Beyond U+10FFFF and bytes that never occur.
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
      [0xFE], [0xFF], [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xF0, 0x9F, 0x98],
      [0xF0, 0x9F, 0x98, 0x41],
      [0xE1, 0x80, 0xC0], [0xF1, 0x80, 0x80, 0x7F], [0xE1, 0x20, 0x80],
    ] as [[UInt8]])
  func rejectsInvalidUTF8(_ bytes: [UInt8]) {
    #expect(failure(quoted(bytes)) == .invalidUTF8(offset: 1))
    let behindText = Array("日 abc".utf8) + bytes
    #expect(failure(quoted(behindText)) == .invalidUTF8(offset: 8))
    #expect(failure([UInt8(ascii: "\"")] + bytes) == .invalidUTF8(offset: 1))
    #expect(failure(bytes) == .unexpectedByte(offset: 0))
  }

  @Test("Every code point at the edges of the UTF-8 lengths is accepted")
  func acceptsUTF8() throws {
    for code: UInt32 in [
      0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000,
      0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF,
    ] {
      let scalar = try #require(Unicode.Scalar(code))
      let content = Array(String(Character(scalar)).utf8)
      let view = try JSONDocument(quoted(content)).root
      #expect(view.string.map { Array($0.utf8) } == content)
    }
  }

  @Test("Canonically equivalent text is not the same key or string")
  func normalisation() throws {
    let object = try parse("{\"e\u{301}\":1,\"\u{E9}\":2}", .unique)
    #expect(object["e\u{301}"]?.integer == 1)
    #expect(object["\u{E9}"]?.integer == 2)
    #expect(try !parse("\"e\u{301}\"").stringEquals("\u{E9}"))
  }
}
