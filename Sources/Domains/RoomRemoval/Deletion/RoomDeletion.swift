package import MatrixIdentifiers
package import MatrixJSON
import TaskScheduler

/// What an administrator wants of a room that is to go.
package struct RoomDeletion: TaskPayload {
  package let requester: UserID
  /// Who owns the room that the members are taken to; nil for none.
  package let newRoomOwner: UserID?
  package let newRoomName: String?
  /// What the members are told there.
  package let message: String?
  /// Nobody may enter the room any more.
  package let blocks: Bool
  /// What the database holds of it is removed.
  package let purges: Bool
  /// That is done also when somebody of this server is still in the room.
  package let forcesPurge: Bool

  package init(
    requester: UserID, newRoomOwner: UserID?, newRoomName: String?, message: String?,
    blocks: Bool, purges: Bool, forcesPurge: Bool
  ) {
    self.requester = requester
    self.newRoomOwner = newRoomOwner
    self.newRoomName = newRoomName
    self.message = message
    self.blocks = blocks
    self.purges = purges
    self.forcesPurge = forcesPurge
  }

  struct Malformed: Error {}

  package init(_ json: JSONView) throws {
    guard let requester = json["requester"]?.string.flatMap({ UserID($0) }) else {
      throw Malformed()
    }
    self.init(
      requester: requester, newRoomOwner: json["new_room_owner"]?.string.flatMap { UserID($0) },
      newRoomName: json["new_room_name"]?.string, message: json["message"]?.string,
      blocks: json["block"]?.bool ?? false, purges: json["purge"]?.bool ?? true,
      forcesPurge: json["force_purge"]?.bool ?? false)
  }

  package var json: JSON {
    var members: [String: JSON] = [
      "requester": .string(requester.text), "block": .bool(blocks), "purge": .bool(purges),
      "force_purge": .bool(forcesPurge),
    ]
    if let newRoomOwner { members["new_room_owner"] = .string(newRoomOwner.text) }
    if let newRoomName { members["new_room_name"] = .string(newRoomName) }
    if let message { members["message"] = .string(message) }
    return .object(members)
  }
}

/// How far a deletion has come, and what became of the room's members.
package struct DeletionProgress: TaskPayload, Equatable {
  /// Names of users that are remembered: more are only counted.
  static let nameLimit = 10_000

  enum Stage: String, Sendable {
    /// The users of this server leave.
    case emptying
    /// Nothing is written to the room any more, and what is left of it goes.
    case erasing
    case done
  }

  var stage = Stage.emptying
  package var newRoom: RoomID?
  package var kicked: [UserID] = []
  package var failed: [UserID] = []
  package var aliases: [String] = []
  /// Rows that were removed.
  var erased: Int64 = 0
  /// What is being removed, and where that has come to; nil before it has begun.
  var erasing: String?
  var place: Int64?

  init() {}

  package init(_ json: JSONView) {
    stage = json["stage"]?.string.flatMap { Stage(rawValue: $0) } ?? .emptying
    newRoom = json["new_room_id"]?.string.flatMap { RoomID($0) }
    kicked = json["kicked_users"]?.elements.compactMap { $0.string.flatMap { UserID($0) } } ?? []
    failed =
      json["failed_to_kick_users"]?.elements.compactMap { $0.string.flatMap { UserID($0) } } ?? []
    aliases = json["local_aliases"]?.elements.compactMap(\.string) ?? []
    erased = json["erased_rows"]?.integer ?? 0
    erasing = json["erasing"]?.string
    place = json["place"]?.integer
  }

  package var json: JSON {
    [
      "stage": .string(stage.rawValue), "new_room_id": newRoom.map { .string($0.text) } ?? .null,
      "kicked_users": .array(kicked.map { .string($0.text) }),
      "failed_to_kick_users": .array(failed.map { .string($0.text) }),
      "local_aliases": .array(aliases.map { .string($0) }), "erased_rows": .integer(erased),
      "erasing": erasing.map { .string($0) } ?? .null,
      "place": place.map { .integer($0) } ?? .null,
    ]
  }

  /// Takes down that some rows of a kind were removed, or none, as it has none.
  mutating func note(_ removed: (rows: Int, place: Int64), _ kind: String) {
    erasing = kind
    place = removed.rows > 0 ? removed.place : nil
    erased += Int64(removed.rows)
  }

  mutating func note(_ user: UserID, left: Bool) {
    if left {
      if kicked.count < Self.nameLimit, !kicked.contains(user) { kicked.append(user) }
    } else {
      if failed.count < Self.nameLimit, !failed.contains(user) { failed.append(user) }
    }
  }
}
