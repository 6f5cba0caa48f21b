import MatrixIdentifiers
import MatrixJSON

/// How the row of a change travels: the user's id as a JSON string.
enum PushRulesRow {
  enum DecodingError: Error {
    case malformed
  }

  static func encode(_ user: UserID) -> [UInt8] {
    var writer = JSONWriter()
    writer.string(user.text)
    return writer.bytes
  }

  static func decode(_ row: JSONView) throws -> UserID {
    guard let user = row.string.flatMap({ UserID($0) }) else { throw DecodingError.malformed }
    return user
  }
}
