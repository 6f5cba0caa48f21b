import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// The change of a room's power levels that makes a user as mighty as another one.
struct PowerGrant {
  /// Of who stands above all levels, and of a creator where nothing is said of levels.
  private static let usualHighest: Int64 = 100

  private let user: UserID
  private let event: Event?
  private let creators: RoomCreators
  private let levels: PowerLevels

  /// - Parameter levels: the room's `m.room.power_levels`, if there is one.
  init(_ user: UserID, levels event: Event?, create: Event) {
    self.user = user
    self.event = event
    creators = RoomCreators(create)
    levels = PowerLevels(event: event, create: create)
  }

  /// Who has power in the room, the mightiest first.
  func candidates(of server: ServerName) -> [UserID] {
    let named = event?.content["users"]?.members.compactMap { UserID($0.key) } ?? []
    return Set(named + creators.users).filter { $0.isOn(server) }
      .map { (user: $0, level: levels.level(of: $0)) }
      .sorted { ($1.level, $0.user.text) < ($0.level, $1.user.text) }
      .map(\.user)
  }

  /// The new power levels, as the one may give them; nil when the user is as mighty already.
  func content(by granter: UserID) -> [UInt8]? {
    let level = min(levels.level(of: granter), highestNamed)
    guard levels.level(of: user) < level else { return nil }
    var content = event.map { JSON($0.content) } ?? [:]
    var users = content["users"] ?? [:]
    if event == nil { users[granter.text] = .integer(level) }
    users[user.text] = .integer(level)
    content["users"] = users
    return content.bytes
  }

  /// The highest level that means anything: more is for those who stand above all levels.
  private var highestNamed: Int64 {
    guard let content = event?.content else { return Self.usualHighest }
    let tables = ["users", "events", "notifications"].compactMap { content[$0] } + [content]
    let named = tables.flatMap { $0.members.compactMap { $0.value.integer } }
    return max(Self.usualHighest, named.max() ?? 0)
  }
}
