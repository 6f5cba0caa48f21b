import Logging
package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Takes along what users have set for a room when they follow it to the one that took its place:
/// tags, push rules and the like.
/// spec: client-server-api#room-upgrades
package protocol RoomSuccession: Sendable {
  func follow(_ user: UserID, from old: RoomID, to new: RoomID) async throws
}

/// Finds out whether a user who joins a room follows another one.
package struct FollowRoom: Sendable {
  private let states: StateStore
  private let successions: [any RoomSuccession]
  private let logger = Logger(label: "apus.rooms")

  package init(states: StateStore, successions: [any RoomSuccession]) {
    self.states = states
    self.successions = successions
  }

  /// Does nothing unless the other room says the same, as anybody can claim to follow a room.
  func joined(_ room: RoomID, user: UserID, predecessor: RoomID) async {
    do {
      let tombstone = try await states.current(predecessor, StateTuple(EventType.tombstone))
      guard
        tombstone?.event.content["replacement_room"]?.stringEquals(room.text) == true
      else { return }
    } catch {
      return log(error, room)
    }
    for succession in successions {
      do {
        try await succession.follow(user, from: predecessor, to: room)
      } catch {
        log(error, room)
      }
    }
  }

  /// The user is in the room, whatever becomes of the settings.
  private func log(_ error: any Error, _ room: RoomID) {
    logger.warning(
      "a user's settings did not follow to a new room",
      metadata: ["room": "\(room)", "error": "\(error)"])
  }
}
