package import MatrixIdentifiers
package import MatrixJSON

/// What a client asked to see of its rooms.
/// spec: client-server-api#filtering
package struct SyncFilter: Sendable, Equatable {
  /// Events of a room's timeline when the client names no limit.
  package static let defaultTimelineLimit = 10
  /// More are never given in one answer, whatever the client asks for.
  package static let maximumTimelineLimit = 100

  package var timelineLimit = SyncFilter.defaultTimelineLimit
  package var lazyLoadsMembers = false
  package var includesLeft = false
  package var rooms: Set<String>?
  package var excludedRooms: Set<String> = []

  package init() {}

  package enum Problem: Error, Sendable {
    /// The part of the filter with a value of the wrong kind.
    case malformed(String)
  }

  package init(_ json: JSONView) throws(Problem) {
    guard json.kind == .object else { throw .malformed("the filter") }
    guard let room = json["room"] else { return }
    guard room.kind == .object else { throw .malformed("room") }
    rooms = try Self.strings(room["rooms"], "room.rooms").map { Set($0) }
    excludedRooms = Set(try Self.strings(room["not_rooms"], "room.not_rooms") ?? [])
    includesLeft = try Self.flag(room["include_leave"], "room.include_leave")
    if let timeline = room["timeline"] {
      guard timeline.kind == .object else { throw .malformed("room.timeline") }
      if let limit = timeline["limit"] {
        guard let count = limit.integer, count >= 0 else {
          throw .malformed("room.timeline.limit")
        }
        timelineLimit = min(Int(count), Self.maximumTimelineLimit)
      }
    }
    if let state = room["state"] {
      guard state.kind == .object else { throw .malformed("room.state") }
      lazyLoadsMembers = try Self.flag(
        state["lazy_load_members"], "room.state.lazy_load_members")
    }
  }

  package func admits(_ room: RoomID) -> Bool {
    guard !excludedRooms.contains(room.text) else { return false }
    return rooms?.contains(room.text) ?? true
  }

  private static func flag(_ value: JSONView?, _ name: String) throws(Problem) -> Bool {
    guard let value else { return false }
    guard let flag = value.bool else { throw .malformed(name) }
    return flag
  }

  private static func strings(
    _ value: JSONView?, _ name: String
  ) throws(Problem) -> [String]? {
    guard let value else { return nil }
    guard value.kind == .array else { throw .malformed(name) }
    var strings: [String] = []
    for element in value.elements {
      guard let string = element.string else { throw .malformed(name) }
      strings.append(string)
    }
    return strings
  }
}
