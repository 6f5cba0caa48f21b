import HTTPServing
import Testing

@Suite struct QueryTests {
  private static func query(_ text: String) -> QueryParameters {
    Request(method: .get, path: "/", query: text).query
  }

  @Test(arguments: [
    ("from=abc&to=d", "from", ["abc"]),
    ("a=1&b=2&a=3", "a", ["1", "3"]),
    ("a=x+y%2Bz", "a", ["x y+z"]),
    ("a", "a", [""]),
    ("a=", "a", [""]),
    ("a=b=c", "a", ["b=c"]),
    ("&&a=1&", "a", ["1"]),
    ("%61=1", "a", ["1"]),
    ("via=%C3%A9", "via", ["é"]),
    ("ab=1", "a", []),
    ("", "a", []),
  ])
  func findsValues(query: String, key: String, values: [String]) {
    #expect(Self.query(query).all(key) == values)
    #expect(Self.query(query)[key] == values.first)
  }

  @Test(arguments: [
    ("limit=10", Int64(10)), ("", 7), ("limit=0", 0), ("limit=100", 100),
  ])
  func readsIntegers(query: String, expected: Int64) throws {
    #expect(
      try Self.query(query).integer("limit", default: 7, range: 0...100) == expected)
  }

  @Test(arguments: [
    "limit=", "limit=x", "limit=-1", "limit=101", "limit=1.5", "limit=99999999999999999999",
  ])
  func refusesOtherIntegers(query: String) {
    let error = #expect(throws: MatrixError.self) {
      try Self.query(query).integer("limit", default: 7, range: 0...100)
    }
    #expect(error?.code == .invalidParam)
    #expect(error?.status == 400)
  }

  @Test func readsFlagsAndChoices() throws {
    enum Direction: String {
      case forward = "f"
      case back = "b"
    }
    let query = Self.query("full=true&dir=b&bad=yes")
    #expect(try query.bool("full", default: false))
    #expect(try query.bool("absent", default: true))
    #expect(throws: MatrixError.self) { try query.bool("bad", default: true) }
    #expect(try query.choice("dir", default: Direction.forward) == .back)
    #expect(try query.choice("absent", default: Direction.forward) == .forward)
    #expect(throws: MatrixError.self) { try query.choice("bad", default: Direction.forward) }
    #expect(throws: MatrixError.missingParam("absent")) { try query.required("absent") }
  }
}
