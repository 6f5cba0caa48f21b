import MatrixIdentifiers
import Rooms

/// What an answer will hold of the rooms' events.
struct Plan {
  var joined: [(RoomID, JoinedRoom)] = []
  var invited: [(RoomID, StrippedRoom)] = []
  var knocked: [(RoomID, StrippedRoom)] = []
  var left: [(RoomID, RoomSlice)] = []
  /// The joined rooms that are new to the client.
  var entered: Set<RoomID> = []
  var lacking: [RoomID] = []
  var lackingHistory: [SyncComposer.HistoryRequest] = []
  var lackingRelations: [StoredEvent] = []
  var memberships = UserRooms([])

  var isEmpty: Bool {
    joined.isEmpty && invited.isEmpty && knocked.isEmpty && left.isEmpty
  }

  /// With lazy members: whom the client is told of.
  var newMembers: [RoomID: NewMembers] {
    var new: [RoomID: NewMembers] = [:]
    for (room, told) in joined {
      guard let members = told.newMembers, members.replacesKnown || !members.users.isEmpty else {
        continue
      }
      new[room] = members
    }
    return new
  }
}
