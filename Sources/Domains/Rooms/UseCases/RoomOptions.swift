package import MatrixIdentifiers
package import MatrixJSON
package import RoomEvents

/// What a client wants of a new room.
/// spec: client-server-api#post_matrixclientv3createroom
package struct RoomOptions: Sendable {
  package enum Preset: String, Sendable {
    case privateChat = "private_chat"
    case trustedPrivateChat = "trusted_private_chat"
    case publicChat = "public_chat"
  }

  package struct State: Sendable {
    package let type: String
    package let stateKey: String
    package let content: JSON

    package init(type: String, stateKey: String, content: JSON) {
      self.type = type
      self.stateKey = stateKey
      self.content = content
    }
  }

  package var version = RoomVersion.default
  package var preset = Preset.privateChat
  package var aliasName: String?
  package var name: String?
  package var topic: String?
  package var invites: [UserID] = []
  package var isDirect = false
  package var creationContent: [String: JSON] = [:]
  package var initialState: [State] = []
  package var powerLevelOverride: [String: JSON] = [:]

  package init() {}
}
