import MatrixJSON
import Testing

@Suite("Canonical JSON (appendices#canonical-json)")
struct CanonicalTests {
  @Test(
    "The examples of the specification",
    arguments: [
      ("{}", "{}"),
      ("{\n \"one\": 1,\n \"two\": \"Two\"\n}", #"{"one":1,"two":"Two"}"#),
      ("{\n \"b\": \"2\",\n \"a\": \"1\"\n}", #"{"a":"1","b":"2"}"#),
      (#"{"b":"2","a":"1"}"#, #"{"a":"1","b":"2"}"#),
      (
        """
        { "auth": { "success": true, "mxid": "@john.doe:example.com",
            "profile": { "display_name": "John Doe", "three_pids": [
                { "medium": "email", "address": "john.doe@example.org" },
                { "medium": "msisdn", "address": "123456789" } ] } } }
        """,
        #"{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","#
          + #""three_pids":[{"address":"john.doe@example.org","medium":"email"},"#
          + #"{"address":"123456789","medium":"msisdn"}]},"success":true}}"#
      ),
      ("{ \"a\": \"日本語\" }", "{\"a\":\"日本語\"}"),
      ("{ \"本\": 2, \"日\": 1 }", "{\"日\":1,\"本\":2}"),
      (#"{ "a": "\u65E5" }"#, "{\"a\":\"日\"}"),
      ("{ \"a\": null }", #"{"a":null}"#),
      (#"{ "a": -0 }"#, #"{"a":0}"#),
    ])
  func specification(_ source: String, _ expected: String) throws {
    #expect(try canonical(source) == expected)
    #expect(try canonical(expected) == expected)
    #expect(try text(canonicalJSON(JSON(parse(source)))) == expected)
  }

  @Test("The last example of the specification, whose 1e10 no tree of values can keep")
  func specificationOfNumbers() throws {
    let source = "{\n \"a\": -0,\n \"b\": 1e10\n}"
    #expect(try text(canonicalJSON(parse(source))) == #"{"a":0,"b":10000000000}"#)
  }

  @Test(
    "Keys are in the order of code points, not of letters, numbers or UTF-16",
    arguments: [
      (#"{"a":1,"B":2}"#, #"{"B":2,"a":1}"#),
      (#"{"@user10":1,"@user2":2}"#, #"{"@user10":1,"@user2":2}"#),
      (#"{"aa":1,"a":2,"":3}"#, #"{"":3,"a":2,"aa":1}"#),
      ("{\"😀\":1,\"\u{FFFD}\":2}", "{\"\u{FFFD}\":2,\"😀\":1}"),
      (#"{"\ud83d\ude00":1,"\ufffd":2}"#, "{\"\u{FFFD}\":2,\"😀\":1}"),
      ("{\"é\":1,\"z\":2,\"e\u{301}\":3}", "{\"e\u{301}\":3,\"z\":2,\"é\":1}"),
      (#"{"\u0062":1,"a":2}"#, #"{"a":2,"b":1}"#),
      (#"{"a\n":1,"a":2,"a\u0000":3,"a!":4}"#, #"{"a":2,"a\u0000":3,"a\n":1,"a!":4}"#),
      (
        #"{"abcdefgh2":1,"abcdefgh10":2,"abcdefgh":3}"#,
        #"{"abcdefgh":3,"abcdefgh10":2,"abcdefgh2":1}"#
      ),
      // The backslash of the escape would sort behind "Z", the character before it.
      (#"{"\u0041":1,"Z":2}"#, #"{"A":1,"Z":2}"#),
      (##"{"\"":1,"#":2,"!":3}"##, ##"{"!":3,"\"":1,"#":2}"##),
      (#"{"a":1,"a\u0000\u0000":3,"a\u0000":2}"#, #"{"a":1,"a\u0000":2,"a\u0000\u0000":3}"#),
    ])
  func order(_ source: String, _ expected: String) throws {
    #expect(try canonical(source) == expected)
    #expect(try canonical("[{\"x\": \(source)}]") == "[{\"x\":\(expected)}]")
  }

  @Test(
    "The shortest escapes",
    arguments: [
      (#""\/""#, #""/""#), (#""\u002f\u005C\u0022""#, #""/\\\"""#),
      (#""\u0008\u0009\u000a\u000A\u000c\u000d""#, #""\b\t\n\n\f\r""#),
      (#""\u001F\u000b\u0000""#, #""\u001f\u000b\u0000""#), (#""\u007f""#, "\"\u{7F}\""),
      (#""\u00e9\u20ac\ud83d\ude00""#, "\"é€😀\""), (#""\u2028""#, "\"\u{2028}\""),
      (#""a\u0041\n""#, #""aA\n""#), (#""\u001B""#, #""\u001b""#),
    ])
  func escapes(_ source: String, _ expected: String) throws {
    #expect(try !parse(source).isCanonical)
    #expect(try canonical(source) == expected)
    #expect(try parse(expected).isCanonical)
    #expect(try canonical("{\(source): [\(source)]}") == "{\(expected):[\(expected)]}")
  }

  @Test(
    "Fractions, exponents and big integers are refused, at any depth",
    arguments: [
      "1.0", "1.5", "1e3", "1e10", "-0.0", "0e0", "9007199254740992", "-9007199254740992",
      "10000000000000000", "123456789012345678901",
    ])
  func refusedNumbers(_ number: String) throws {
    #expect(throws: JSONError.notCanonicalNumber(offset: 0)) { try canonical(number) }
    #expect(throws: JSONError.notCanonicalNumber(offset: 11)) {
      try canonical("{\"b\":1,\"a\":\(number)}")
    }
    #expect(throws: JSONError.notCanonicalNumber(offset: 8)) {
      try canonical("[1,{\"a\":\(number)}]")
    }
  }

  @Test(
    "Outside of events an integer may be spelled in any way",
    arguments: [
      ("1.0", "1"), ("-1.0", "-1"), ("1e3", "1000"), ("1E+3", "1000"), ("-0.0", "0"), ("0e0", "0"),
      ("-0e99999999999999999999", "0"), ("1.50e1", "15"), ("100e-2", "1"), ("0.001e3", "1"),
      ("120.000e-1", "12"), ("9007199254740991.0", "9007199254740991"),
      ("-9.007199254740991e15", "-9007199254740991"), ("0.00", "0"), ("10e-1", "1"),
    ])
  func integersHoweverSpelled(_ source: String, _ expected: String) throws {
    #expect(try canonical(source, numbers: .integers) == expected)
    #expect(try canonical("{\"b\":[\(source)]}", numbers: .integers) == "{\"b\":[\(expected)]}")
    #expect(throws: JSONError.self) { try canonical(source) }
  }

  @Test(
    "What is no integer of canonical JSON has no canonical form",
    arguments: [
      "1.5", "0.1", "1e-1", "15e-2", "9007199254740992.0", "9007199254740992", "1e16", "1e300",
      "9007199254740990.5", "9007199254740991.0000000000000000000001", "-9.007199254740992e15",
      "1e-99999999999999999999", "10000000000000000", "0.00000000000000000001e5",
    ])
  func noIntegers(_ source: String) {
    for numbers in [CanonicalNumbers.integers, .plainIntegers] {
      #expect(throws: JSONError.notCanonicalNumber(offset: 1)) {
        try canonical("[\(source)]", numbers: numbers)
      }
    }
  }

  @Test(arguments: ["9007199254740991", "-9007199254740991", "0", "10", "-1"])
  func allowedNumbers(_ number: String) throws {
    #expect(try canonical(number) == number)
    #expect(try parse(number).isCanonical)
    #expect(try canonical(" [ \(number) ] ") == "[\(number)]")
  }

  @Test(
    "Canonical text is known as such",
    arguments: [
      "{}", "[]", "null", "\"a\"", #"{"a":1,"b":[{"c":"\n\u0001"}]}"#, "[1,2,[3]]",
      #"{"a":{"b":{}}}"#,
      "{\"日\":1,\"本\":2}", #"{"\t":1,"\n":2,"a":3}"#, #"{"a\"":1}"#,
    ])
  func knownCanonical(_ source: String) throws {
    #expect(try parse(source).isCanonical)
    #expect(try canonical(source) == source)
  }

  @Test(
    "Anything else makes all that holds it not canonical",
    arguments: [
      "{ }", "[ ]", #"{"\n":1,"\t":2}"#, #"{"a":1,"\u0062":2}"#, "[1 ]", "[1, 2]", "{\"a\" :1}",
      "{\"a\": 1}", "{\"a\":1 }", "{\"b\":1,\"a\":2}",
      "{\"a\":1,\"a\":2}", "[-0]", "\"\\/\"", "{\"\\/\":1}", "[1.5]", "[\"\\u0041\"]",
    ])
  func knownNotCanonical(_ source: String) throws {
    #expect(try !parse(source).isCanonical)
    let outer = try parse("{\"a\":[\(source)],\"b\":[]}")
    #expect(!outer.isCanonical)
    #expect(outer["a"]?.isCanonical == false)
    #expect(outer["b"]?.isCanonical == true)
  }

  @Test("Whitespace around the root is no part of it")
  func surroundings() throws {
    #expect(try parse("  {\"a\":1}\n").isCanonical)
    #expect(try canonical("  {\"a\":1}\n") == "{\"a\":1}")
    #expect(try canonical(" 7 ") == "7")
  }

  @Test(
    arguments: [
      (#"{"a":1,"b":2,"c":3}"#, ["b"], #"{"a":1,"c":3}"#),
      (#"{"a":1,"b":2,"c":3}"#, ["a"], #"{"b":2,"c":3}"#),
      (#"{"a":1,"b":2,"c":3}"#, ["c", "x"], #"{"a":1,"b":2}"#),
      (#"{"a":1,"b":2,"c":3}"#, ["a", "b", "c"], "{}"),
      (#"{"c":1,"b":{"b":1},"a":3}"#, ["c"], #"{"a":3,"b":{"b":1}}"#),
      (#"{"b":1,"b":2,"a":{"b":3}}"#, ["b"], #"{"a":{"b":3}}"#),
      (#"{"\u0062":1,"a":{ "b":3}}"#, ["b"], #"{"a":{"b":3}}"#),
      (#"[{"a":1}]"#, ["a"], #"[{"a":1}]"#), ("\"a\"", ["a"], "\"a\""),
    ] as [(String, Set<String>, String)])
  func dropping(_ source: String, _ names: Set<String>, _ expected: String) throws {
    #expect(try canonical(source, dropping: names) == expected)
  }

  @Test("A number that may not be written does no harm in a member that is left out")
  func droppedNumber() throws {
    #expect(
      try canonical(#"{"unsigned":{"age":1.5},"a":1}"#, dropping: ["unsigned"]) == #"{"a":1}"#)
  }

  @Test("A view inside a document")
  func innerViews() throws {
    let root = try parse(#"{"x":[ {"b":1,"a":2} ],"y":{"k":"v"}}"#)
    let x = try #require(root["x"])
    let y = try #require(root["y"])
    #expect(try text(canonicalJSON(x)) == #"[{"a":2,"b":1}]"#)
    #expect(try text(canonicalJSON(y)) == #"{"k":"v"}"#)
    #expect(try text(canonicalJSON(y, dropping: ["k"])) == "{}")
  }
}
