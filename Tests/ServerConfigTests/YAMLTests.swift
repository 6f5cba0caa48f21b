import Testing

@testable import ServerConfig

/// Types and structure as PyYAML's safe loader gives them.
struct YAMLTests {
  private func parse(_ text: String, _ limits: YAMLLimits = YAMLLimits()) throws -> YAMLNode {
    try YAMLParser.parse(Array(text.utf8), file: "test.yaml", limits: limits)
  }

  /// The value in a notation that shows its type.
  private func show(_ node: YAMLNode?) -> String {
    guard let node else { return "absent" }
    switch node.value {
    case .null: return "null"
    case .bool(let value): return "\(value)"
    case .integer(let value): return "\(value)"
    case .double(let value): return "\(value)f"
    case .string(let value): return "'\(value)'"
    case .sequence(let elements):
      return "[" + elements.map { show($0) }.joined(separator: ",") + "]"
    case .mapping(let members):
      return "{" + members.map { "\($0.key):\(show($0.value))" }.joined(separator: ",") + "}"
    }
  }

  @Test(arguments: [
    ("true", "true"), ("Yes", "true"), ("on", "true"), ("OFF", "false"), ("no", "false"),
    ("y", "'y'"), ("tRue", "'tRue'"), ("~", "null"), ("", "null"), ("NULL", "null"),
    ("12", "12"), ("-7", "-7"), ("+7", "7"), ("1_000", "1000"), ("0660", "432"), ("0x1F", "31"),
    ("0b101", "5"), ("0o17", "'0o17'"), ("09", "'09'"), ("1:30", "90"), ("01:30", "'01:30'"),
    ("1.5", "1.5f"), (".5", "0.5f"), ("1.", "1.0f"), ("1e6", "'1e6'"), ("1.0e+6", "1000000.0f"),
    ("1.0e6", "'1.0e6'"), (".inf", "inff"), ("-.inf", "-inff"), ("1:30.5", "90.5f"),
    ("10s", "'10s'"), ("-", "[null]"), ("+", "'+'"), ("127.0.0.1", "'127.0.0.1'"),
    ("127.0.0.1:8448", "'127.0.0.1:8448'"), ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "'9223372036854775808'"), ("'12'", "'12'"), ("\"yes\"", "'yes'"),
    ("!!str 12", "'12'"), ("!!int '12'", "12"), ("!!float 3", "3.0f"),
    ("2024-01-02", "'2024-01-02'"),
  ])
  func scalarTypes(text: String, expected: String) throws {
    #expect(show(try parse("key: \(text == "-" ? "[~]" : text)")["key"]) == expected)
  }

  @Test(arguments: [
    ("a: [1, two]\nb: {c: d}", "{a:[1,'two'],b:{c:'d'}}"),
    ("{\"a\": \"\\u00e9\\n\", \"b\": [true, null]}", "{a:'\u{e9}\n',b:[true,null]}"),
    ("a: &x {b: 1}\nc: *x", "{a:{b:1},c:{b:1}}"),
    ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", "{a:{b:1,c:2},d:{b:1,c:3}}"),
    ("a: &x {b: 1}\ne: &y {b: 2, f: 4}\nd: {<<: [*x, *y]}", "{a:{b:1},e:{b:2,f:4},d:{b:1,f:4}}"),
    ("a: |\n  two\n  lines\n", "{a:'two\nlines\n'}"),
    ("8008: port", "{8008:'port'}"),
    ("", "null"), ("# nothing\n", "null"), ("---\n", "null"),
  ])
  func structure(text: String, expected: String) throws {
    #expect(show(try parse(text)) == expected)
  }

  @Test(arguments: [
    ("a: 1\nb: [1, 2", 2), ("a: 1\n b: 2", 2), ("a: *nowhere", 1), ("a: 1\n---\nb: 2", 2),
    ("a:\n  - !ruby/object x", 2), ("a: &x [*x]", 1), ("? [a]\n: 1", 1), ("a: {<<: 3}", 1),
    ("a: \u{1}", 1),
  ])
  func errorsNameTheirLine(text: String, line: Int) throws {
    let error = #expect(throws: YAMLError.self) { try parse(text) }
    #expect(error?.location == SourceLocation(file: "test.yaml", line: line))
  }

  @Test func badBytesAreAnError() {
    #expect(throws: YAMLError.self) {
      try YAMLParser.parse([0x61, 0x3A, 0x20, 0xFF, 0xFE], file: "test.yaml")
    }
  }

  @Test func locationsAreLines() throws {
    let root = try parse("a: 1\n\nb:\n  - x\n  - y\n")
    #expect(root["b"]?.elements?.map(\.location.line) == [4, 5])
    #expect(root.members?.map(\.location.line) == [1, 3])
  }

  @Test func aliasesCannotExplode() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let references = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(references)]\n"
    }
    let error = #expect(throws: YAMLError.self) { try parse(text) }
    #expect(error?.reason.contains("more than 200000 values") == true)
  }

  @Test func depthAndSizeAreBounded() {
    let deep = String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)
    #expect(throws: YAMLError.self) { try parse("a: \(deep)") }
    var limits = YAMLLimits()
    limits.bytes = 10
    #expect(throws: YAMLError.self) { try parse("a: 12345678", limits) }
    #expect(throws: Never.self) { try parse("a: 1234567", limits) }
  }
}
