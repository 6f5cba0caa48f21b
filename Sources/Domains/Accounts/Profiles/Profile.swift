import MatrixJSON

/// What rooms know of a user.
package struct Profile: Sendable, Equatable {
  package let displayName: String?
  package let avatarURL: String?

  package init(displayName: String?, avatarURL: String?) {
    self.displayName = displayName
    self.avatarURL = avatarURL
  }

  package subscript(_ field: ProfileField) -> String? {
    switch field {
    case .displayName: displayName
    case .avatarURL: avatarURL
    }
  }
}

/// All that a user tells of themselves.
package struct WholeProfile: Sendable, Equatable {
  /// Bytes of the profile as JSON.
  static let limit = 64 << 10

  package let profile: Profile
  /// Canonical JSON by key.
  package let custom: [String: [UInt8]]

  package init(profile: Profile, custom: [String: [UInt8]] = [:]) {
    self.profile = profile
    self.custom = custom
  }

  /// The JSON of a value; nil for what is not set.
  package func value(of key: ProfileKey) -> [UInt8]? {
    switch key {
    case .standard(let field): profile[field].map { JSON.string($0).bytes }
    case .custom(let name): custom[name]
    }
  }

  /// The JSON object of what is set.
  package var json: [UInt8] {
    var members = custom
    for field in ProfileField.allCases {
      members[field.rawValue] = value(of: .standard(field))
    }
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      writer.key(name)
      writer.raw(value)
    }
    writer.endObject()
    return writer.bytes
  }

  func setting(_ name: String, to value: [UInt8]) -> WholeProfile {
    var custom = custom
    custom[name] = value
    return WholeProfile(profile: profile, custom: custom)
  }
}
