import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Testing

@testable import Sync

/// A client that remembers what it was told, and notices when that cannot be true.
struct TrackingClient {
  /// What the client knows of a room it is in.
  struct Known {
    var state: [Place: String] = [:]
    var told: Set<String> = []
    /// The last event of the timeline.
    var last: String?
  }

  let user: String
  let filter: SyncFilter
  private(set) var since: SyncToken?
  private(set) var rooms: [String: Known] = [:]
  private(set) var invitations: Set<String> = []

  init(_ user: String, limit: Int, lazy: Bool = false) throws {
    self.user = user
    filter = try SyncFilter(limit: limit, lazy: lazy)
  }

  /// Asks a worker for what is new and checks it against the true stories of the rooms.
  mutating func sync(_ worker: Worker, fullState: Bool = false, _ world: World) async throws {
    let answer = try await worker.sync(user, since: since, fullState: fullState, filter: filter)
    since = answer.next
    for (id, room) in answer.rooms("join") {
      invitations.remove(id)
      let story = try await world.story(of: try present(RoomID(id), "room id"))
        .map(\.event.eventID.text)
      takeJoined(id, room, story, fullState: fullState)
    }
    for (id, _) in answer.rooms("invite") { invitations.insert(id) }
    for (id, room) in answer.rooms("leave") {
      let known = rooms.removeValue(forKey: id)
      invitations.remove(id)
      #expect(
        (room.timeline + room.state).contains { $0.place == Place("m.room.member", user) },
        "\(user) is told how the stay ended")
      if let known {
        for event in room.timeline { #expect(!known.told.contains(event.eventID)) }
      }
    }
  }

  private mutating func takeJoined(
    _ id: String, _ room: Answer.Room, _ story: [String], fullState: Bool
  ) {
    // A room whose beginning is told is a new one, whatever was known of it.
    let isWhole = (room.state + room.timeline).contains { $0["type"]?.string == "m.room.create" }
    let isAskedFor = fullState && rooms[id] != nil
    if rooms[id] == nil { #expect(isWhole, "\(user) gets the whole state of a new room") }
    var known = rooms[id] ?? Known()
    if isWhole { known.state = [:] }
    if isWhole, !isAskedFor { known = Known() }
    for event in room.state {
      guard let place = event.place else {
        Issue.record("an event without state key among the state")
        continue
      }
      known.state[place] = event.eventID
    }
    for event in room.timeline {
      let isNew = known.told.insert(event.eventID).inserted
      #expect(isNew || isAskedFor, "\(user) is told an event twice")
      if let place = event.place { known.state[place] = event.eventID }
    }
    checkOrder(room, isAskedFor ? nil : known, story)
    if let last = room.timeline.last?.eventID { known.last = last }
    rooms[id] = known
  }

  /// The timeline is a stretch of the story; without `limited` it follows on what was known.
  private func checkOrder(_ room: Answer.Room, _ known: Known?, _ story: [String]) {
    let told = room.timeline.map(\.eventID)
    #expect(told.count <= filter.timelineLimit)
    guard let first = told.first, let start = story.firstIndex(of: first) else {
      #expect(told.isEmpty)
      return
    }
    #expect(told == Array(story[start...].prefix(told.count)))
    guard !room.isLimited, let known else { return }
    #expect(start == 0 || known.last == story[start - 1], "\(user) misses events unknowingly")
  }

  /// What the client knows is the present state of its rooms.
  func check(_ world: World) async throws {
    let memberships = try await MembershipStore(database: world.database).rooms(
      of: try world.user(user), memberships: ["join", "invite"])
    let joined = memberships.filter { $0.membership == "join" }.map(\.roomID.text)
    #expect(Set(rooms.keys) == Set(joined), "the rooms of \(user)")
    #expect(invitations == Set(memberships.map(\.roomID.text)).subtracting(joined))
    for (id, known) in rooms {
      let state = try await world.state(of: try present(RoomID(id), "room id"))
      if filter.lazyLoadsMembers {
        // Fewer members are known, but of those the truth.
        #expect(known.state.allSatisfy { state[$0.key] == $0.value })
        let others = { (place: Place) in place.type != "m.room.member" }
        #expect(
          Set(known.state.keys.filter(others)) == Set(state.keys.filter(others)))
      } else {
        #expect(known.state == state, "the state that \(user) knows of a room")
      }
    }
  }
}
