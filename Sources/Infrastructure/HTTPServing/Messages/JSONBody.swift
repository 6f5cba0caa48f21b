package import MatrixJSON

/// Reading of JSON bodies with the errors that clients expect.
package enum JSONBody {
  static let emptyObject: [UInt8] = [UInt8(ascii: "{"), UInt8(ascii: "}")]

  /// - Throws: `M_NOT_JSON` for bytes that are no JSON, `M_BAD_JSON` for other than an object.
  package static func object(_ bytes: [UInt8]) throws(MatrixError) -> JSONView {
    let document: JSONDocument
    do {
      document = try JSONDocument(bytes)
    } catch {
      throw .notJSON()
    }
    guard document.root.kind == .object else {
      throw .badJSON("The body must be a JSON object")
    }
    return document.root
  }
}

/// Typed members of an object. An absent member and an explicit `null` are the same where the
/// member is optional. All throw `M_MISSING_PARAM` for absence, `M_BAD_JSON` for another type.
extension JSONView {
  private func present(_ key: String) -> JSONView? {
    guard let value = self[key], !value.isNull else { return nil }
    return value
  }

  /// - Throws: `M_MISSING_PARAM`.
  package func required(_ key: String) throws(MatrixError) -> JSONView {
    guard let value = self[key] else { throw .missingParam(key) }
    return value
  }

  package func requiredString(_ key: String) throws(MatrixError) -> String {
    guard let text = try required(key).string else { throw .badJSON("\(key) must be a string") }
    return text
  }

  package func optionalString(_ key: String) throws(MatrixError) -> String? {
    guard let value = present(key) else { return nil }
    guard let text = value.string else { throw .badJSON("\(key) must be a string") }
    return text
  }

  package func requiredInteger(_ key: String) throws(MatrixError) -> Int64 {
    guard let number = try required(key).integer else {
      throw .badJSON("\(key) must be an integer")
    }
    return number
  }

  package func optionalInteger(_ key: String) throws(MatrixError) -> Int64? {
    guard let value = present(key) else { return nil }
    guard let number = value.integer else { throw .badJSON("\(key) must be an integer") }
    return number
  }

  package func optionalBool(_ key: String) throws(MatrixError) -> Bool? {
    guard let value = present(key) else { return nil }
    guard let flag = value.bool else { throw .badJSON("\(key) must be true or false") }
    return flag
  }

  package func requiredObject(_ key: String) throws(MatrixError) -> JSONView {
    let value = try required(key)
    guard value.kind == .object else { throw .badJSON("\(key) must be an object") }
    return value
  }

  package func optionalObject(_ key: String) throws(MatrixError) -> JSONView? {
    guard let value = present(key) else { return nil }
    guard value.kind == .object else { throw .badJSON("\(key) must be an object") }
    return value
  }

  package func requiredArray(_ key: String) throws(MatrixError) -> [JSONView] {
    let value = try required(key)
    guard value.kind == .array else { throw .badJSON("\(key) must be an array") }
    return Array(value.elements)
  }

  package func optionalArray(_ key: String) throws(MatrixError) -> [JSONView]? {
    guard let value = present(key) else { return nil }
    guard value.kind == .array else { throw .badJSON("\(key) must be an array") }
    return Array(value.elements)
  }

  package func optionalStrings(_ key: String) throws(MatrixError) -> [String]? {
    guard let values = try optionalArray(key) else { return nil }
    var texts: [String] = []
    texts.reserveCapacity(values.count)
    for value in values {
      guard let text = value.string else { throw .badJSON("\(key) must be an array of strings") }
      texts.append(text)
    }
    return texts
  }
}
