package import MatrixIdentifiers
import MatrixJSON
package import Rooms
package import Streams

package enum TypingError: Error, Sendable, Equatable {
  case notInRoom
}

/// Users telling that they are typing.
/// spec: client-server-api#typing-notifications
package struct Typing: Sendable {
  /// Milliseconds.
  package static let defaultTimeout: Int64 = 30_000
  package static let longestTimeout: Int64 = 120_000

  private let owner: any StreamOwner
  private let memberships: MembershipStore

  package init(owner: any StreamOwner, memberships: MembershipStore) {
    self.owner = owner
    self.memberships = memberships
  }

  /// - Parameter timeout: milliseconds; nil when the user has stopped.
  /// - Throws: `TypingError`, `OwnerError`.
  package func set(_ user: UserID, in room: RoomID, for timeout: Int64?) async throws {
    guard try await memberships.membership(of: user, in: room)?.membership == "join" else {
      throw TypingError.notInRoom
    }
    var members: [String: JSON] = ["room": .string(room.text), "user": .string(user.text)]
    if let timeout { members["timeout"] = .integer(min(max(timeout, 1), Self.longestTimeout)) }
    _ = try await owner.call(
      OwnerCall(
        stream: .typing, action: TypingOwner.set, key: room.text, body: JSON.object(members).bytes))
  }
}

/// Who types in a room, as /sync tells it.
package enum TypingEvent {
  package static let type = "m.typing"

  /// - Parameter users: a JSON array of user ids; nil when nobody types any more.
  package static func bytes(_ users: [UInt8]?) -> [UInt8] {
    Array("{\"content\":{\"user_ids\":".utf8) + (users ?? Array("[]".utf8))
      + Array("},\"type\":\"m.typing\"}".utf8)
  }
}
