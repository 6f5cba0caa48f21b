import MatrixJSON

private let uniqueKeys = JSONLimits(
  maximumBytes: JSONLimits.default.maximumBytes, maximumDepth: JSONLimits.default.maximumDepth,
  rejectsRepeatedKeys: true)

func checkJSON(_ input: [UInt8]) throws {
  guard let document = try? JSONDocument(input) else {
    return try promise((try? JSONDocument(input, limits: uniqueKeys)) == nil, "stricter is looser")
  }
  try promise(document.bytes == input, "a document changes its text")
  try checkView(document.root)
  let strict = try? canonicalJSON(document.root, numbers: .plainIntegers)
  let usual = try? canonicalJSON(document.root, numbers: .integers)
  let all = try canonicalJSON(document.root, numbers: .all)
  if let strict {
    try promise(strict == usual && strict == all, "the kinds of canonical JSON disagree")
  }
  if let usual { try checkCanonical(usual, .plainIntegers) }
  try checkCanonical(all, .all)
  if (try? JSONDocument(input, limits: uniqueKeys)) != nil {
    try promise(
      document.root.members.allSatisfy { document.root[$0.key]?.rawBytes == $0.value.rawBytes },
      "a key that stands once is not found")
  }
}

/// Canonical text is a fixed point, and is known as canonical unless it has odd numbers.
private func checkCanonical(_ text: [UInt8], _ numbers: CanonicalNumbers) throws {
  let root = try JSONDocument(text, limits: uniqueKeys).root
  try promise(try canonicalJSON(root, numbers: numbers) == text, "canonical JSON changes again")
  if case .plainIntegers = numbers { try promise(root.isCanonical, "canonical JSON is not known") }
}

/// Every accessor on every value.
private func checkView(_ view: JSONView) throws {
  try promise(view.kind != .number || view.double?.isFinite == true, "a number is no double")
  if let integer = view.integer {
    try promise(view.wideInteger == integer, "an integer has two values")
    try promise(view.double == Double(integer), "an integer is another double")
  }
  if let string = view.string {
    try promise(view.stringEquals(string), "a string is not itself")
    try promise(!view.stringEquals(string + "x"), "a string is another")
    var writer = JSONWriter()
    writer.string(string)
    let again = try JSONDocument(writer.bytes).root
    try promise(again.isCanonical && again.stringEquals(string), "a string is written wrongly")
  }
  var count = 0
  for element in view.elements {
    count += 1
    try checkView(element)
  }
  for (key, value) in view.keyedViews {
    count += 1
    try promise(key.kind == .string, "a key is no string")
    try checkView(key)
    try checkView(value)
  }
  try promise(count == view.count, "the count is wrong")
}
