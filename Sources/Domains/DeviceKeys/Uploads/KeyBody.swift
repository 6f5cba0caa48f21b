import MatrixJSON

/// Reads the parts of a body, naming the place of what is wrong.
struct KeyBody {
  /// Bytes of a user's, device's or key's name.
  static let nameLimit = 512

  let json: JSONView
  let place: String

  /// - Throws: `.malformed` for anything but an object.
  init(_ json: JSONView, at place: String) throws(DeviceKeyError) {
    guard json.kind == .object else { throw .malformed(place: place, expected: "an object") }
    self.json = json
    self.place = place
  }

  func path(_ key: String) -> String {
    place.isEmpty ? key : "\(place).\(key)"
  }

  /// Nil when it is absent, or null.
  func optional(_ key: String) -> JSONView? {
    guard let value = json[key], !value.isNull else { return nil }
    return value
  }

  func object(_ key: String) throws(DeviceKeyError) -> KeyBody? {
    guard let value = optional(key) else { return nil }
    return try KeyBody(value, at: path(key))
  }

  func requiredObject(_ key: String) throws(DeviceKeyError) -> KeyBody {
    guard let value = try object(key) else { throw .missing(place: path(key)) }
    return value
  }

  func requiredString(_ key: String) throws(DeviceKeyError) -> String {
    guard let value = optional(key) else { throw .missing(place: path(key)) }
    guard let text = value.string else {
      throw .malformed(place: path(key), expected: "a string")
    }
    return text
  }

  func strings(_ key: String) throws(DeviceKeyError) -> [String]? {
    guard let value = optional(key) else { return nil }
    return try Self.strings(value, at: path(key))
  }

  static func strings(_ value: JSONView, at place: String) throws(DeviceKeyError) -> [String] {
    guard value.kind == .array else {
      throw .malformed(place: place, expected: "an array of strings")
    }
    var texts: [String] = []
    for element in value.elements {
      guard let text = element.string else {
        throw .malformed(place: place, expected: "an array of strings")
      }
      texts.append(text)
    }
    return texts
  }

  /// The members, of which there are at most `limit`, each name one that can be stored. Of
  /// repeated names the last counts.
  func members(_ what: String, limit: Int) throws(DeviceKeyError) -> [(String, JSONView)] {
    guard json.count <= limit else { throw .tooMany(what: what, limit: limit) }
    var members: [(String, JSONView)] = []
    members.reserveCapacity(json.count)
    var places: [String: Int] = [:]
    for (name, value) in json.members {
      try Self.check(name: name, at: path(name))
      if let known = places[name] {
        members[known].1 = value
      } else {
        places[name] = members.count
        members.append((name, value))
      }
    }
    return members
  }

  static func check(name: String, at place: String) throws(DeviceKeyError) {
    guard name.utf8.count <= nameLimit else { throw .tooLarge(place: place, limit: nameLimit) }
    guard !name.utf8.contains(0) else { throw .unusableText(place: place) }
  }

  /// Checks that all members are strings.
  func checkStrings(_ what: String, limit: Int) throws(DeviceKeyError) {
    for (name, value) in try members(what, limit: limit) where value.kind != .string {
      throw .malformed(place: path(name), expected: "a string")
    }
  }

  /// The canonical form without what a signature does not cover.
  func signed(limit: Int) throws(DeviceKeyError) -> [UInt8] {
    try canonical(json, at: place, dropping: ["signatures", "unsigned"], limit: limit)
  }
}

/// - Throws: `.malformed` when there is no canonical form, `.tooLarge`.
func canonical(
  _ json: JSONView, at place: String, dropping: Set<String> = [], limit: Int
) throws(DeviceKeyError) -> [UInt8] {
  let bytes: [UInt8]
  do {
    bytes = try canonicalJSON(json, dropping: dropping)
  } catch {
    throw .malformed(place: place, expected: "canonical JSON, without fractions")
  }
  guard bytes.count <= limit else { throw .tooLarge(place: place, limit: limit) }
  return bytes
}
