/// A version of the rules that a room lives by, fixed for its life by its create event.
///
/// spec: rooms
package struct RoomVersion: Hashable, Sendable, CustomStringConvertible {
  // Every event has its version: one word of it.
  private final class Storage: Sendable {
    let id: String
    let rules: RoomVersionRules
    let isStable: Bool

    init(id: String, rules: RoomVersionRules, isStable: Bool) {
      self.id = id
      self.rules = rules
      self.isStable = isStable
    }
  }

  private let storage: Storage

  package static let v1 = RoomVersion(id: "1", rules: .v1)
  package static let v2 = RoomVersion(id: "2", rules: .v2)
  package static let v3 = RoomVersion(id: "3", rules: .v3)
  package static let v4 = RoomVersion(id: "4", rules: .v4)
  package static let v5 = RoomVersion(id: "5", rules: .v5)
  package static let v6 = RoomVersion(id: "6", rules: .v6)
  package static let v7 = RoomVersion(id: "7", rules: .v7)
  package static let v8 = RoomVersion(id: "8", rules: .v8)
  package static let v9 = RoomVersion(id: "9", rules: .v9)
  package static let v10 = RoomVersion(id: "10", rules: .v10)
  package static let v11 = RoomVersion(id: "11", rules: .v11)
  package static let v12 = RoomVersion(id: "12", rules: .v12)

  /// From the oldest on.
  package static let all = [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12]
  /// What a room gets when neither its maker nor the configuration asks for another.
  package static let `default` = v12

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  private init(id: String, rules: RoomVersionRules, isStable: Bool = true) {
    storage = Storage(id: id, rules: rules, isStable: isStable)
  }

  /// Nil for a version that this server does not know.
  package init?(id: String) {
    guard let known = Self.byID[id] else { return nil }
    self = known
  }

  package var id: String { storage.id }
  package var rules: RoomVersionRules { storage.rules }
  /// Clients may ask for it without a second thought.
  ///
  /// spec: rooms#complete-list-of-room-versions
  package var isStable: Bool { storage.isStable }
  package var description: String { id }

  package static func == (left: RoomVersion, right: RoomVersion) -> Bool {
    left.storage === right.storage
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(storage))
  }
}
