package import MatrixIdentifiers
package import MatrixJSON
package import Rooms

/// What a client asked to see of its rooms.
/// spec: client-server-api#filtering
package struct SyncFilter: Sendable, Hashable {
  /// Events of a room's timeline when the client names no limit.
  package static let defaultTimelineLimit = 10
  /// More are never given in one answer, whatever the client asks for.
  package static let maximumTimelineLimit = 100

  package var timelineLimit = SyncFilter.defaultTimelineLimit
  package var lazyLoadsMembers = false
  /// Lazy members are told although the client has been told of them before.
  package var includesRedundantMembers = false
  package var includesLeft = false
  package var rooms: Set<String>?
  package var excludedRooms: Set<String> = []
  package var timeline = EventFilter()
  package var state = EventFilter()
  package var ephemeral = EventFilter()
  package var roomAccountData = EventFilter()
  /// Of the events that belong to no room.
  package var accountData = EventFilter()
  package var presence = EventFilter()
  /// Unread counts of threads are told apart from their rooms'.
  package var countsThreadsApart = false
  /// How the events of rooms are written.
  package var form = EventForm.client

  package init() {}

  package init(_ json: JSONView) throws(EventFilter.Problem) {
    let whole = try FilterPart(json)
    form.format = try whole.word("event_format") ?? .client
    form.fields = try whole.fields("event_fields")
    if let part = try whole.part("account_data") { accountData = try EventFilter(part) }
    if let part = try whole.part("presence") { presence = try EventFilter(part) }
    guard let room = try whole.part("room") else { return }
    rooms = try room.rooms("rooms")
    excludedRooms = try room.rooms("not_rooms") ?? []
    includesLeft = try room.flag("include_leave") ?? false
    if let part = try room.part("timeline") { timeline = try EventFilter(part) }
    if let part = try room.part("state") { state = try EventFilter(part) }
    if let part = try room.part("ephemeral") { ephemeral = try EventFilter(part) }
    if let part = try room.part("account_data") { roomAccountData = try EventFilter(part) }
    countsThreadsApart = timeline.countsThreadsApart
    if let limit = timeline.limit { timelineLimit = min(limit, Self.maximumTimelineLimit) }
    lazyLoadsMembers = state.lazyLoadsMembers
    includesRedundantMembers = state.includesRedundantMembers
  }

  package func admits(_ room: RoomID) -> Bool {
    guard !excludedRooms.contains(room.text) else { return false }
    return rooms?.contains(room.text) ?? true
  }
}
