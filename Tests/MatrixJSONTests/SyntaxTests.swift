import MatrixJSON
import Testing

@Suite("RFC 8259 syntax")
struct SyntaxTests {
  @Test(arguments: [
    "{}", "[]", "null", "true", "false", "0", "-0", "\"\"", " \t\r\n[ \t\r\n] \t\r\n",
    "[[],[[]],{}]", "{\"a\":{},\"b\":[]}", "[null,true,false,1,\"x\"]", "{\"\":0}",
    "[1 , 2]", "{ \"a\" : 1 , \"b\" : 2 }", "\"\u{7F}\"", "{\"a\":1,\"a\":2}",
    "[\"\u{2028}\u{2029}\u{FFFE}\u{10FFFF}\"]", "\"/\"", "\"'\"",
  ])
  func accepts(_ source: String) {
    #expect(failure(source) == nil)
  }

  @Test(arguments: [
    ("", JSONError.unexpectedEnd), (" ", .unexpectedEnd), ("{", .unexpectedEnd),
    ("[", .unexpectedEnd), ("[1", .unexpectedEnd), ("[1,", .unexpectedEnd),
    ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd), ("{\"a\":1", .unexpectedEnd),
    ("{\"a\":1,", .unexpectedEnd), ("\"", .unexpectedEnd), ("\"abc", .unexpectedEnd),
    ("\"abcdefghijklmnop", .unexpectedEnd), ("\"\\", .unexpectedEnd),
    ("\"\\u12", .unexpectedEnd), ("tru", .unexpectedEnd), ("[nul", .unexpectedEnd),
    ("[1,]", .unexpectedByte(offset: 3)), ("[,1]", .unexpectedByte(offset: 1)),
    ("[1 2]", .unexpectedByte(offset: 3)), ("{\"a\":1,}", .unexpectedByte(offset: 7)),
    ("{,}", .unexpectedByte(offset: 1)), ("{\"a\" 1}", .unexpectedByte(offset: 5)),
    ("{\"a\"}", .unexpectedByte(offset: 4)), ("{a:1}", .unexpectedByte(offset: 1)),
    ("{1:1}", .unexpectedByte(offset: 1)), ("{\"a\"::1}", .unexpectedByte(offset: 5)),
    ("{'a':1}", .unexpectedByte(offset: 1)), ("[1}", .unexpectedByte(offset: 2)),
    ("{\"a\":1]", .unexpectedByte(offset: 6)), ("]", .unexpectedByte(offset: 0)),
    ("}", .unexpectedByte(offset: 0)), (",", .unexpectedByte(offset: 0)),
    ("1 1", .unexpectedByte(offset: 2)), ("{}{}", .unexpectedByte(offset: 2)),
    ("[]]", .unexpectedByte(offset: 2)), ("{}x", .unexpectedByte(offset: 2)),
    ("True", .unexpectedByte(offset: 0)), ("nulL", .unexpectedByte(offset: 3)),
    ("truefalse", .unexpectedByte(offset: 4)), ("NaN", .unexpectedByte(offset: 0)),
    ("Infinity", .unexpectedByte(offset: 0)), ("/**/1", .unexpectedByte(offset: 0)),
    ("[1]//", .unexpectedByte(offset: 3)), ("\u{FEFF}{}", .unexpectedByte(offset: 0)),
    ("\u{A0}1", .unexpectedByte(offset: 0)), ("\u{0B}1", .unexpectedByte(offset: 0)),
    ("[\u{0C}]", .unexpectedByte(offset: 1)), ("\u{0}", .unexpectedByte(offset: 0)),
    ("1\u{0}", .unexpectedByte(offset: 1)), ("[1:2]", .unexpectedByte(offset: 2)),
    ("{\"a\":}", .unexpectedByte(offset: 5)), ("[\"a\":1]", .unexpectedByte(offset: 4)),
  ])
  func rejects(_ source: String, _ error: JSONError) {
    #expect(failure(source) == error)
  }

  @Test("A number must have the form of RFC 8259")
  func numbers() {
    let good = [
      "0", "-0", "1", "-1", "10", "0.0", "-0.0", "0.5", "1.25", "1e5", "1E5", "1e+5", "1e-5",
      "1.5E-10", "0e0", "123456789012345678901234567890", "1e308", "1e-400", "0.1e-999999",
      "0e999", "0e999999999999999999999",
    ]
    for source in good { #expect(failure(source) == nil, "\(source)") }
    let bad = [
      "-", "01", "-01", "00", "1.", "-.5", "1e", "1e+", "1.e5", "1.5e", "-e1",
      "--1", "-a",
    ]
    for source in bad {
      #expect(failure(source) == .invalidNumber(offset: 0), "\(source)")
      #expect(failure("[7,\(source)]") == .invalidNumber(offset: 3), "\(source)")
    }
    for source in ["+1", ".5", "0x10", "1a", "1.5.5", "1e5e5", "1_000", "1-1"] {
      #expect(failure(source) != nil, "\(source)")
    }
  }

  @Test("A number beyond a double is refused however it is spelled")
  func numbersOutOfRange() {
    let digits = String(repeating: "9", count: 400)
    let sources = [
      "1e309", "-1e309", "1e400", "1E+99999999999", digits, "-" + digits, digits + ".5",
    ]
    for source in sources {
      #expect(failure(source) == .numberOutOfRange(offset: 0), "\(source.prefix(20))")
    }
    #expect(failure("0." + digits + "e5") == nil)
    #expect(failure(String(repeating: "9", count: 300) + "e9") == .numberOutOfRange(offset: 0))
  }

  @Test func depth() {
    for depth in [0, 1, 2, 50] {
      let arrays = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      let source = depth == 0 ? "1" : arrays
      #expect(failure(source, .depth(depth)) == nil)
      let opened = String(repeating: "{\"a\":", count: depth) + "1"
      #expect(failure(opened + String(repeating: "}", count: depth), .depth(depth)) == nil)
      let deeper = "[" + source + "]"
      #expect(failure(deeper, .depth(depth)) == .tooDeep(offset: depth))
    }
    let siblings = "[" + String(repeating: "[[]],", count: 1000) + "1]"
    #expect(failure(siblings, .depth(3)) == nil)
    #expect(failure(String(repeating: "[", count: 1_000_000)) == .tooDeep(offset: 512))
  }

  @Test("An event at its own depth limit fits into a body with the default limits")
  func eventDepthInBody() {
    #expect(JSONLimits.default.maximumDepth > JSONLimits.event.maximumDepth + 4)
  }

  @Test func size() {
    let limits = JSONLimits(maximumBytes: 4, maximumDepth: 9, rejectsRepeatedKeys: false)
    #expect(failure("[12]", limits) == nil)
    #expect(failure("[123]", limits) == .tooLarge(limit: 4))
    let unbounded = JSONLimits(maximumBytes: .max, maximumDepth: 9, rejectsRepeatedKeys: false)
    #expect(unbounded.maximumBytes == JSONLimits.tapeCapacity)
  }

  @Test("Errors name the place, never the text")
  func descriptions() {
    #expect(failure("{\"secret\" x")?.description == "JSON syntax error at byte 10")
    #expect(failure("\"\\ud800\"")?.description.contains("byte 1") == true)
  }
}
