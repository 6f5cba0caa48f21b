/// What differs between room versions, as data. Each version is the one before it, except for
/// what it names; nothing outside this file and the redaction tables tells versions apart.
package struct RoomVersionRules: Sendable {
  /// Where the create event names who made the room.
  package enum CreatorProperty: Sendable {
    /// `content.creator`
    case content
    /// The event's own sender.
    case sender
  }

  /// Where a redaction names the event that it redacts.
  package enum RedactsProperty: Sendable {
    case topLevel
    case content
  }

  package private(set) var redaction: RedactionRules
  package private(set) var creatorProperty: CreatorProperty
  package private(set) var redactsProperty: RedactsProperty
  /// The room id is the create event's hash, so that event has no `room_id` and is implied in
  /// everybody's `auth_events`.
  package private(set) var roomIDIsCreateHash: Bool
  /// The room's creators stand above every power level.
  package private(set) var creatorsArePrivileged: Bool

  // spec: rooms/v10
  static let v10 = RoomVersionRules(
    redaction: .v9, creatorProperty: .content, redactsProperty: .topLevel,
    roomIDIsCreateHash: false, creatorsArePrivileged: false)

  // spec: rooms/v11
  static let v11 = v10.except {
    $0.redaction = .v11
    $0.creatorProperty = .sender
    $0.redactsProperty = .content
  }

  // spec: rooms/v12
  static let v12 = v11.except {
    $0.roomIDIsCreateHash = true
    $0.creatorsArePrivileged = true
  }

  private func except(_ change: (inout RoomVersionRules) -> Void) -> RoomVersionRules {
    var changed = self
    change(&changed)
    return changed
  }
}
