import MatrixJSON
import TestKit
import Testing

@Suite("Views")
struct ViewTests {
  static let sample = """
    { "n": null, "t": true, "f": false, "i": -42, "d": 1.5, "s": "text",
      "a": [1, [2, 3], {"x": 4}, "five"], "o": {"inner": {"deep": [true]}}, "": "empty key" }
    """

  @Test func kindsAndScalars() throws {
    let root = try parse(Self.sample)
    #expect(root.kind == .object)
    #expect(root.count == 9)
    #expect(root["n"]?.isNull == true)
    #expect(root["t"]?.bool == true)
    #expect(root["f"]?.bool == false)
    #expect(root["i"]?.integer == -42)
    #expect(root["i"]?.double == -42)
    #expect(root["d"]?.double == 1.5)
    #expect(root["s"]?.string == "text")
    #expect(root[""]?.string == "empty key")
    #expect(root["o"]?["inner"]?["deep"]?[0]?.bool == true)
    #expect(root["absent"] == nil)
    #expect(root["o"]?["deep"] == nil)
  }

  @Test("An accessor of another kind gives nil")
  func wrongKinds() throws {
    let root = try parse("[null,true,1,\"s\",[],{}]")
    let kinds: [JSONView.Kind] = [.null, .bool, .number, .string, .array, .object]
    for (view, kind) in zip(root.elements, kinds) {
      #expect(view.kind == kind)
      #expect(view.isNull == (kind == .null))
      #expect((view.bool != nil) == (kind == .bool))
      #expect((view.integer != nil) == (kind == .number))
      #expect((view.double != nil) == (kind == .number))
      #expect((view.string != nil) == (kind == .string))
      #expect(view.stringEquals("s") == (kind == .string))
      #expect(view["s"] == nil)
      #expect(view[0] == nil)
      #expect(view.count == 0)
      #expect(Array(view.elements).isEmpty && Array(view.members).isEmpty)
    }
    #expect(Array(root.elements).count == 6)
  }

  @Test func arrays() throws {
    let array = try #require(try parse(Self.sample)["a"])
    #expect(array.count == 4)
    #expect(array[0]?.integer == 1)
    #expect(array[1]?[1]?.integer == 3)
    #expect(array[2]?["x"]?.integer == 4)
    #expect(array[3]?.string == "five")
    #expect(array[4] == nil)
    #expect(array[-1] == nil)
    #expect(array.elements.map(\.kind) == [.number, .array, .object, .string])
    #expect(Array(array.members).isEmpty)
  }

  @Test func members() throws {
    let root = try parse(Self.sample)
    #expect(root.members.map(\.key) == ["n", "t", "f", "i", "d", "s", "a", "o", ""])
    #expect(root.members.map { text($0.value.rawBytes) }[6] == "[1, [2, 3], {\"x\": 4}, \"five\"]")
    #expect(root.keyedViews.map(\.key.string) == root.members.map(\.key))
    #expect(Array(root.elements).isEmpty)
  }

  @Test func rawBytes() throws {
    let document = try JSONDocument(Array("  {\"a\" : [ 1 ]} ".utf8))
    #expect(text(document.bytes) == "  {\"a\" : [ 1 ]} ")
    #expect(text(document.root.rawBytes) == "{\"a\" : [ 1 ]}")
    #expect((document.root["a"]?.rawBytes).map(text) == "[ 1 ]")
    #expect((document.root["a"]?[0]?.rawBytes).map(text) == "1")
    #expect(text(try parse(" \"x\\n\" ").rawBytes) == "\"x\\n\"")
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("9007199254740991", 9_007_199_254_740_991),
      ("-9007199254740991", -9_007_199_254_740_991), ("9007199254740992", nil),
      ("-9007199254740992", nil), ("9999999999999999", nil), ("10000000000000000", nil),
      ("18446744073709551617", nil), ("1.0", nil), ("1e3", nil), ("0.0", nil), ("-0e0", nil),
    ] as [(String, Int64?)])
  func integers(_ source: String, _ expected: Int64?) throws {
    #expect(try parse(source).integer == expected)
    #expect(try parse("[\(source)]")[0]?.integer == expected)
    #expect(try parse(source).double == Double(source))
  }

  @Test(
    "Of repeated keys the last counts, unless they are refused",
    arguments: [
      ("{\"a\":1,\"a\":2}", 7), ("{\"a\":1,\"b\":0,\"a\":2}", 13), ("{\"a\":1,\"\\u0061\":2}", 7),
      ("{\"b\":{},\"\\u0061\":1,\"a\":2}", 19),
    ])
  func repeatedKeys(_ source: String, _ offset: Int) throws {
    let lenient = try parse(source)
    #expect(lenient["a"]?.integer == 2)
    #expect(JSON(lenient)["a"] == 2)
    #expect(try JSON(parse(canonical(source))) == JSON(lenient))
    #expect(failure(source, .unique) == .repeatedKey(offset: offset))
    #expect(failure("[\(source)]", .unique) == .repeatedKey(offset: offset + 1))
    #expect(failure(source, .event) != nil)
  }

  @Test("Repeated keys are found in objects of every size", arguments: [2, 3, 15, 16, 17, 40, 200])
  func repeatedKeysInBigObjects(size: Int) throws {
    var random = SeededRandom(UInt64(size))
    for escaped in [false, true] {
      var keys = (0..<size).map { "key\($0)" }.shuffled(using: &random)
      let target = Int.random(in: 1..<size, using: &random)
      let copy = keys[Int.random(in: 0..<target, using: &random)]
      // Inner objects may have the keys of the outer one.
      func render() -> String {
        "{" + keys.map { "\"\($0)\":{\"key1\":0}" }.joined(separator: ",") + "}"
      }
      #expect(failure(render(), .unique) == nil)
      keys[target] = escaped ? "\\u006b" + copy.dropFirst() : copy
      let offset = 1 + keys[..<target].map { $0.utf8.count + 14 }.reduce(0, +)
      #expect(failure(render(), .unique) == .repeatedKey(offset: offset))
      #expect(failure(render()) == nil)
    }
  }
}
