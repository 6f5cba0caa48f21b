package import MatrixIdentifiers

/// What a state event replaces: the earlier event of the same type and state key.
///
/// Equal only when the bytes are.
package struct StateTuple: Hashable, Sendable {
  package let type: String
  package let stateKey: String

  package init(_ type: String, _ stateKey: String = "") {
    self.type = type
    self.stateKey = stateKey
  }

  package static let create = StateTuple(EventType.create)
  package static let joinRules = StateTuple(EventType.joinRules)
  package static let powerLevels = StateTuple(EventType.powerLevels)

  package static func member(_ user: UserID) -> StateTuple {
    StateTuple(EventType.member, user.text)
  }

  package static func == (left: StateTuple, right: StateTuple) -> Bool {
    sameBytes(left.stateKey, right.stateKey) && sameBytes(left.type, right.type)
  }
}
