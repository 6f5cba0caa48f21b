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
    /// Canonical JSON, but for numbers, of which the room's version decides.
    package let content: [UInt8]

    package init(type: String, stateKey: String, content: JSON) {
      self.type = type
      self.stateKey = stateKey
      self.content = content.bytes
    }

    /// - Parameter content: an object.
    package init(type: String, stateKey: String, content: JSONView) throws(JSONError) {
      self.type = type
      self.stateKey = stateKey
      self.content = try canonicalJSON(content, numbers: .all)
    }
  }

  package var version = RoomVersion.default
  package var preset = Preset.privateChat
  package var aliasName: String?
  package var name: String?
  package var topic: String?
  package var invites: [UserID] = []
  package var isDirect = false
  package var creationContent: JSONObject = [:]
  package var initialState: [State] = []
  package var powerLevelOverride: JSONObject = [:]

  package init() {}
}
