import MatrixJSON
import TestKit
import Testing

@Suite("Numbers of events older than strict canonical JSON (rooms/v1#canonical-json)")
struct LenientNumberTests {
  private func lenient(_ source: String) throws -> String {
    text(try canonicalJSON(parse(source), numbers: .all))
  }

  // The second column is what Python's `json` makes of the first.
  @Test(
    arguments: [
      ("1.0", "1.0"), ("1.5", "1.5"), ("-0.0", "-0.0"), ("0.0", "0.0"), ("1e3", "1000.0"),
      ("1E3", "1000.0"), ("1e15", "1000000000000000.0"), ("1e16", "1e+16"), ("1e-4", "0.0001"),
      ("1e-5", "1e-05"), ("0.0001", "0.0001"), ("0.00001234", "1.234e-05"),
      ("123456789012345680.0", "1.2345678901234568e+17"),
      ("1234567890123456.7", "1234567890123456.8"), ("5.114698E4", "51146.98"), ("0.1e1", "1.0"),
      ("100e-2", "1.0"), ("1e100", "1e+100"), ("-1.25e-100", "-1.25e-100"), ("5e-324", "5e-324"),
      ("1.7976931348623157e308", "1.7976931348623157e+308"),
      ("9007199254740993.0", "9007199254740992.0"), ("9007199254740992", "9007199254740992"),
      ("-9007199254740992", "-9007199254740992"),
      ("123456789012345678901234567890", "123456789012345678901234567890"), ("1e-400", "0.0"),
      ("-1e-400", "-0.0"), ("0e5", "0.0"), ("2.5e22", "2.5e+22"), ("4.35", "4.35"), ("0.1", "0.1"),
      ("1e22", "1e+22"), ("1e23", "1e+23"), ("123456789.125e3", "123456789125.0"),
      ("9999999999999999.0", "1e+16"), ("99999999999999999.0", "1e+17"),
      ("1.0000000000000002", "1.0000000000000002"), ("50.57", "50.57"),
    ])
  func numbers(_ source: String, _ expected: String) throws {
    #expect(try lenient(source) == expected)
    #expect(try lenient(expected) == expected)
    #expect(try lenient("{\"b\":[\(source)],\"a\":1}") == "{\"a\":1,\"b\":[\(expected)]}")
  }

  @Test(arguments: ["0", "-0", "7", "-7", "9007199254740991", "{\"b\":1,\"a\":[1, 2]}", "\"1.0\""])
  func whatIsStrictIsWrittenTheSame(_ source: String) throws {
    #expect(try lenient(source) == canonical(source))
  }

  @Test func aDoubleReadsBackAsItself() throws {
    var random = SeededRandom(53)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      let written = try lenient("[\(value.description)]")
      #expect(try parse(written)[0]?.double == value)
    }
  }

  @Test(
    arguments: [
      ("9223372036854775807", .max), ("-9223372036854775808", .min), ("0", 0), ("-0", 0),
      ("-9007199254740992", -9_007_199_254_740_992), ("9223372036854775808", nil), ("1.0", nil),
      ("1e3", nil), ("\"1\"", nil), ("null", nil), ("[]", nil),
    ] as [(String, Int64?)])
  func wideIntegers(_ source: String, _ expected: Int64?) throws {
    #expect(try parse(source).wideInteger == expected)
  }
}
