import MatrixJSON
import Testing

@Suite("Trees and the writer")
struct TreeAndWriterTests {
  @Test func literals() {
    let tree: JSON = [
      "null": nil, "bool": true, "integer": -3, "double": 0.5, "string": "x",
      "array": [1, [], [:]], "same": 1, "same": 2,
    ]
    #expect(
      text(tree.bytes)
        == #"{"array":[1,[],{}],"bool":true,"double":0.5,"integer":-3,"null":null,"same":2,"string":"x"}"#
    )
    #expect(tree["bool"]?.bool == true)
    #expect(tree["integer"]?.integer == -3)
    #expect(tree["integer"]?.double == -3)
    #expect(tree["double"]?.double == 0.5)
    #expect(tree["double"]?.integer == nil)
    #expect(tree["string"]?.string == "x")
    #expect(tree["array"]?.array?.count == 3)
    #expect(tree.object?.count == 7)
    #expect(tree["null"]?.isNull == true)
    #expect(tree["absent"] == nil)
    let name = "y"
    #expect(["v": "x\(name)"] as JSON == .object(["v": .string("xy")]))
  }

  @Test func members() {
    var tree: JSON = ["a": 1]
    tree["b"] = ["c": nil]
    tree["b"]?["d"] = "x"
    #expect(text(tree.bytes) == #"{"a":1,"b":{"c":null,"d":"x"}}"#)
    tree["a"] = nil
    #expect(text(tree.bytes) == #"{"b":{"c":null,"d":"x"}}"#)
    var scalar: JSON = 5
    scalar["a"] = nil
    #expect(scalar == 5)
    scalar["a"] = .null
    #expect(scalar == ["a": nil])
  }

  @Test("Keys in the order of bytes, escapes as short as possible")
  func bytes() throws {
    let tree: JSON = ["é": 1, "z": "\n\u{1}\"\\/\u{7F}", "😀": 2, "\u{FFFD}": 3, "B": 4, "a\"": 5]
    let expected =
      "{\"B\":4,\"a\\\"\":5,\"z\":\"\\n\\u0001\\\"\\\\/\u{7F}\",\"é\":1,\"\u{FFFD}\":3,\"😀\":2}"
    #expect(text(tree.bytes) == expected)
    #expect(try text(canonicalJSON(tree)) == expected)
    #expect(try parse(expected).isCanonical)
    #expect(try JSON(parse(expected)) == tree)
  }

  @Test("Canonical JSON of a tree has only integers in ±(2^53-1)")
  func canonicalNumbers() throws {
    let limit: Int64 = 9_007_199_254_740_991
    #expect(try text(canonicalJSON([.integer(limit), .integer(-limit)])) == "[\(limit),-\(limit)]")
    let refused: [JSON] = [
      .integer(limit + 1), .integer(-limit - 1), .integer(.min), 1.5, .double(2), .double(.nan),
    ]
    for value in refused {
      #expect(throws: JSONError.notCanonicalNumber(offset: nil)) { try canonicalJSON(value) }
      #expect(throws: JSONError.notCanonicalNumber(offset: nil)) {
        try canonicalJSON(["a": [1, value]])
      }
    }
  }

  @Test("From views")
  func fromViews() throws {
    let source = #"{"i":1,"big":9007199254740993,"d":2.0,"e":1e2,"s":"\u00e9","l":[null,false]}"#
    let tree = try JSON(parse(source))
    #expect(
      tree == [
        "i": 1, "big": .double(9_007_199_254_740_992), "d": 2.0, "e": 100.0, "s": "é",
        "l": [nil, false],
      ])
  }

  @Test("The deepest text that is accepted can become a tree")
  func deepTree() throws {
    let depth = JSONLimits.default.maximumDepth
    let source = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    let tree = try JSON(parse(source))
    #expect(text(tree.bytes) == source)
    #expect(try canonicalJSON(tree) == Array(source.utf8))
  }

  @Test func writerSetsCommas() throws {
    let inner = try parse(#"{ "raw" : 1 }"#)
    var writer = JSONWriter(capacity: 8)
    writer.beginObject()
    writer.key("a")
    writer.beginArray()
    writer.integer(1)
    writer.integer(Int64(-2))
    writer.string("x\"")
    writer.bool(true)
    writer.bool(false)
    writer.null()
    writer.double(1.5)
    writer.double(.infinity)
    writer.beginArray()
    writer.endArray()
    writer.beginObject()
    writer.endObject()
    writer.raw([UInt8]("[7]".utf8))
    writer.raw(inner.rawBytes)
    writer.value(inner)
    writer.value(["k": 1] as JSON)
    writer.endArray()
    writer.key("b\n")
    writer.null()
    writer.key(try #require(parse(#"["c\n"]"#)[0]))
    writer.beginObject()
    writer.endObject()
    writer.endObject()
    let expected =
      #"{"a":[1,-2,"x\"",true,false,null,1.5,null,[],{},[7],{ "raw" : 1 },{ "raw" : 1 },{"k":1}],"#
      + #""b\n":null,"c\n":{}}"#
    #expect(text(writer.bytes) == expected)
  }

  @Test(arguments: [0, 1, -1, 9, 10, -10, 99, 100, 1_234_567_890, .max, .min] as [Int64])
  func integers(_ value: Int64) {
    var writer = JSONWriter()
    writer.integer(value)
    #expect(text(writer.bytes) == "\(value)")
  }

  @Test(
    arguments: [0, -0.0, 0.1, 1e-7, 1e16, 1.7976931348623157e308, .leastNonzeroMagnitude, -2.5]
      as [Double])
  func doubles(_ value: Double) throws {
    var writer = JSONWriter()
    writer.double(value)
    #expect(try JSONDocument(writer.bytes).root.double == value)
  }

  @Test("Every ASCII character and every place in a group of eight")
  func escaping() throws {
    for code in UInt8(0)..<0x80 {
      for place in 0..<10 {
        var content = [UInt8](repeating: UInt8(ascii: "k"), count: 11)
        content[place] = code
        let string = text(content)
        var writer = JSONWriter()
        writer.string(string)
        let view = try JSONDocument(writer.bytes).root
        #expect(view.isCanonical)
        #expect(view.stringEquals(string))
      }
    }
  }
}
