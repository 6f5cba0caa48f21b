import MatrixJSON
import Testing

@Suite("Objects as text")
struct ObjectTests {
  @Test func keysAreTheirBytes() throws {
    let given = #"{"e\u0301":{"\u00e9":1,"e\u0301":2},"\u00e9":3}"#
    let view = try JSONDocument(Array(given.utf8)).root
    let object = JSONObject(view)
    let written = try JSONDocument(object.bytes).root
    #expect(written.count == 2)
    #expect(written["e\u{301}"]?.count == 2)
    #expect(object["\u{e9}"] == 3)
    #expect(try canonicalJSON(written) == canonicalJSON(view))
  }

  @Test func membersAreSetAndTakenAway() {
    var object: JSONObject = ["b": 1, "a": [1.5], "b": 2]
    #expect(text(object.bytes) == #"{"a":[1.5],"b":2}"#)
    object["c"] = "x"
    object["a"] = nil
    object.merge(["b": nil, "d": ["z": 1, "y": 2]])
    object.set("e", to: ["n": [:]])
    #expect(text(object.bytes) == #"{"b":null,"c":"x","d":{"y":2,"z":1},"e":{"n":{}}}"#)
    #expect(object["d"] == ["y": 2, "z": 1])
    #expect(object["a"] == nil)
  }

  @Test func ofRepeatedKeysTheLastCounts() throws {
    let view = try JSONDocument(Array(#"{"a":1,"b":2,"\u0061":3}"#.utf8)).root
    #expect(text(JSONObject(view).bytes) == #"{"a":3,"b":2}"#)
    #expect(text(JSONObject(try JSONDocument(Array("[1]".utf8)).root).bytes) == "{}")
  }
}
