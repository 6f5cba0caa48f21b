package import MatrixIdentifiers
import MatrixJSON
package import RoomEvents

/// Who may do what in a room. Reads the power levels event in place: nothing is copied.
package struct PowerLevels: Sendable {
  /// The level of privileged creators: above every integer that JSON can hold.
  package static let infinite = Int64.max

  private static let creatorWithoutEvent: Int64 = 100

  private let content: JSONView?
  private let creators: RoomCreators

  /// - Parameters:
  ///   - event: the room's `m.room.power_levels`, if there is one yet.
  ///   - create: the room's `m.room.create`, which says who its creators are.
  package init(event: Event?, create: Event?) {
    content = event?.content
    creators = RoomCreators(create)
  }

  package func level(of user: UserID) -> Int64 {
    level(of: user.text)
  }

  // A state key that should be a user ID is looked up as it is, whether it is one or not.
  func level(of user: String) -> Int64 {
    // spec: rooms/v12#authorisation-rules, the note on room creators
    if creators.arePrivileged, creators.contains(user) { return Self.infinite }
    guard let content else {
      return creators.contains(user) ? Self.creatorWithoutEvent : 0
    }
    return content["users"]?[user]?.integer ?? content["users_default"]?.integer ?? 0
  }

  // spec: client-server-api#mroompower_levels, the defaults
  package var ban: Int64 { content?["ban"]?.integer ?? 50 }
  package var kick: Int64 { content?["kick"]?.integer ?? 50 }
  package var redact: Int64 { content?["redact"]?.integer ?? 50 }
  package var invite: Int64 { content?["invite"]?.integer ?? 0 }

  /// The level that sending such an event takes.
  package func required(type: String, isState: Bool) -> Int64 {
    if let level = content?["events"]?[type]?.integer { return level }
    return isState
      ? content?["state_default"]?.integer ?? 50 : content?["events_default"]?.integer ?? 0
  }

  /// The level that notifying everybody takes; the key is `room` for `@room`.
  package func requiredForNotification(_ key: String) -> Int64 {
    content?["notifications"]?[key]?.integer ?? 50
  }
}

/// The users who made a room.
package struct RoomCreators: Sendable {
  package let users: [UserID]
  /// Whether they stand above all power levels.
  package let arePrivileged: Bool

  package init(_ create: Event?) {
    guard let create else {
      users = []
      arePrivileged = false
      return
    }
    let rules = create.version.rules
    arePrivileged = rules.creatorsArePrivileged
    switch rules.creatorProperty {
    case .content:
      users = create.content["creator"]?.string.flatMap { UserID($0) }.map { [$0] } ?? []
    case .sender:
      let additional =
        arePrivileged
        ? create.content["additional_creators"]?.elements
          .compactMap { $0.string.flatMap { UserID($0) } } : nil
      users = [create.sender] + (additional ?? [])
    }
  }

  func contains(_ user: String) -> Bool {
    users.contains { sameBytes($0.text, user) }
  }
}
