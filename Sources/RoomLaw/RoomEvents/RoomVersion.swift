/// A version of the rules that a room lives by, fixed for its life by its create event.
///
/// spec: rooms
package struct RoomVersion: Hashable, Sendable, CustomStringConvertible {
  package let id: String
  package let rules: RoomVersionRules

  package static let v10 = RoomVersion(id: "10", rules: .v10)
  package static let v11 = RoomVersion(id: "11", rules: .v11)
  package static let v12 = RoomVersion(id: "12", rules: .v12)

  package static let all = [v10, v11, v12]
  /// What a room gets when neither its maker nor the configuration asks for another.
  package static let `default` = v12
  /// What a create event without `room_version` means.
  package static let impliedID = "1"

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  private init(id: String, rules: RoomVersionRules) {
    self.id = id
    self.rules = rules
  }

  /// Nil for a version that this server does not know.
  package init?(id: String) {
    guard let known = Self.byID[id] else { return nil }
    self = known
  }

  package var description: String { id }

  package static func == (left: RoomVersion, right: RoomVersion) -> Bool {
    left.id == right.id
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(id)
  }
}
