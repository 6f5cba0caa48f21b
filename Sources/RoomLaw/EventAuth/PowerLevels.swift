package import MatrixIdentifiers
package import MatrixJSON
package import RoomEvents

/// Who may do what in a room. Reads the power levels event in place: nothing is copied.
package struct PowerLevels: Sendable {
  /// The level of privileged creators: above every integer that JSON can hold.
  package static let infinite = Int64.max

  private static let creatorWithoutEvent: Int64 = 100

  private let content: JSONView?
  private let form: PowerLevelForm
  private let creators: RoomCreators

  /// - Parameters:
  ///   - event: the room's `m.room.power_levels`, if there is one yet.
  ///   - create: the room's `m.room.create`, which says who its creators are.
  package init(event: Event?, create: Event?) {
    content = event?.content
    form = event?.version.rules.powerLevelForm ?? .integer
    creators = RoomCreators(create)
  }

  /// Whether all levels are integers. In every room version this server asks it of its own users,
  /// whatever it must take from others.
  ///
  /// spec: server-server-api#definitions, the warning below
  package static func areIntegers(in content: JSONView) -> Bool {
    let form = PowerLevelForm.integer
    return form.hasOnlyLevels(content)
      && ["users", "events", "notifications"].allSatisfy { content[$0].map(form.isTable) ?? true }
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
    return form.level(content["users"]?[user]) ?? named("users_default") ?? 0
  }

  // spec: client-server-api#mroompower_levels, the defaults
  package var ban: Int64 { named("ban") ?? 50 }
  package var kick: Int64 { named("kick") ?? 50 }
  package var redact: Int64 { named("redact") ?? 50 }
  package var invite: Int64 { named("invite") ?? 0 }

  /// The level that sending such an event takes.
  package func required(type: String, isState: Bool) -> Int64 {
    if let level = form.level(content?["events"]?[type]) { return level }
    return isState ? named("state_default") ?? 50 : named("events_default") ?? 0
  }

  /// The level that notifying everybody takes; the key is `room` for `@room`.
  package func requiredForNotification(_ key: String) -> Int64 {
    form.level(content?["notifications"]?[key]) ?? 50
  }

  private func named(_ key: String) -> Int64? {
    form.level(content?[key])
  }
}

/// The users who made a room. Read in place like the levels: a create event can name thousands.
package struct RoomCreators: Sendable {
  private let create: Event?

  package init(_ create: Event?) {
    self.create = create
  }

  /// Whether they stand above all power levels.
  package var arePrivileged: Bool { create?.version.rules.creatorsArePrivileged ?? false }

  package var users: [UserID] {
    guard let create else { return [] }
    switch create.version.rules.creatorProperty {
    case .content:
      return create.content["creator"]?.string.flatMap { UserID($0) }.map { [$0] } ?? []
    case .sender:
      return [create.sender]
        + (additional?.elements.compactMap { $0.string.flatMap { UserID($0) } } ?? [])
    }
  }

  func contains(_ user: String) -> Bool {
    guard let create else { return false }
    switch create.version.rules.creatorProperty {
    case .content:
      return create.content["creator"]?.stringEquals(user) ?? false
    case .sender:
      return sameBytes(create.sender.text, user)
        || additional?.elements.contains { $0.stringEquals(user) } ?? false
    }
  }

  private var additional: JSONView? {
    arePrivileged ? create?.content["additional_creators"] : nil
  }
}
