import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import TestKit
import Testing

@testable import Sync

/// What kind of client somebody uses.
struct ClientKind: CustomStringConvertible {
  let limit: Int
  let isLazy: Bool
  let wantsRedundantMembers: Bool
  let state: SyncRequest.StateForm
  /// Conditions of the timeline's filter, as JSON members; empty for none.
  let conditions: String

  private static let someConditions = [
    "\"types\":[\"m.room.message\"]", "\"not_types\":[\"m.room.member\",\"m.room.t*\"]",
    "\"types\":[\"m.room.*\"],\"not_senders\":[\"@b:a.example\"]", "\"contains_url\":true",
  ]

  static func random(_ random: inout SeededRandom) -> ClientKind {
    ClientKind(
      limit: random.pick([1, 2, 3, 5, 10, 20, 50]), isLazy: random.chance(50),
      wantsRedundantMembers: random.chance(30),
      state: random.chance(50) ? .afterTimeline : .beforeTimeline,
      conditions: random.chance(30) ? random.pick(someConditions) : "")
  }

  func filter() throws -> SyncFilter {
    let timeline = ["\"limit\":\(limit)", conditions].filter { !$0.isEmpty }
    return try SyncFilter(
      """
      {"room":{"timeline":{\(timeline.joined(separator: ","))},"state":{
      "lazy_load_members":\(isLazy),"include_redundant_members":\(wantsRedundantMembers)}}}
      """)
  }

  var description: String {
    "limit \(limit), lazy \(isLazy), redundant \(wantsRedundantMembers), \(state), [\(conditions)]"
  }
}

/// A client that believes whatever it is told, and fetches what it is told that it lacks.
struct ModelClient {
  /// A room that the client is in.
  struct Room {
    var state: [Place: String] = [:]
    /// The ids of its events without gaps, oldest first.
    var timeline: [String] = []
    /// What lies before `timeline` is fetched from here.
    var start: String?
    /// The contents of messages.
    var contents: [String: String] = [:]
    var joinedCount: Int64?
    var invitedCount: Int64?
    var heroes: [String]?
  }

  let user: String
  let device: String
  let kind: ClientKind
  private(set) var since: SyncToken?
  private(set) var rooms: [String: Room] = [:]
  private(set) var invitations: Set<String> = []
  private(set) var knocks: Set<String> = []

  init(_ user: String, device: String, _ kind: ClientKind) {
    self.user = user
    self.device = device
    self.kind = kind
  }

  mutating func sync(
    _ worker: Worker, fullState: Bool = false, _ world: World
  ) async throws {
    let filter = try kind.filter()
    let answer = try await worker.sync(
      user, since: since, fullState: fullState, filter: filter, device: device, state: kind.state)
    for id in ["join", "leave", "invite", "knock"].flatMap({ answer.rooms($0).keys }) {
      invitations.remove(id)
      knocks.remove(id)
    }
    for (id, room) in answer.rooms("join") { try await take(id, room, world) }
    for (id, room) in answer.rooms("leave") {
      rooms[id] = nil
      let told = room.timeline + (kind.state == .beforeTimeline ? room.state : room.stateAfter)
      let isTold = told.contains { $0.place == Place("m.room.member", user) }
      #expect(isTold || !kind.conditions.isEmpty, "\(user) is told how a stay ended")
    }
    for id in answer.rooms("invite").keys {
      invitations.insert(id)
      rooms[id] = nil
    }
    for id in answer.rooms("knock").keys { knocks.insert(id) }
    since = answer.next
  }

  private mutating func take(_ id: String, _ told: Answer.Room, _ world: World) async throws {
    let isKnown = rooms[id] != nil
    var room = rooms[id] ?? Room()
    room.take(summary: told.json["summary"])
    let state = kind.state == .beforeTimeline ? told.state : told.stateAfter
    #expect((told.json["state"] == nil) == (kind.state != .beforeTimeline))
    #expect((told.json["state_after"] == nil) == (kind.state == .beforeTimeline))
    for event in state { room.state[try present(event.place, "place")] = event.eventID }
    if isKnown, told.isLimited {
      for stored in try await history(id, from: told.previousBatch, to: since?.text, world) {
        room.append(stored.event.eventID.text, stored.event.json)
      }
    }
    if !isKnown { room.start = told.previousBatch }
    for event in told.timeline {
      room.append(event.eventID, event)
      guard kind.state == .beforeTimeline, let place = event.place else { continue }
      room.state[place] = event.eventID
    }
    rooms[id] = room
    for user in told.timeline.compactMap({ $0["sender"]?.string }) + (room.heroes ?? []) {
      #expect(room.state[Place("m.room.member", user)] != nil, "the member \(user) is known")
    }
  }

  /// Events in (to, from], oldest first.
  func history(
    _ id: String, from: String?, to: String?, _ world: World
  ) async throws -> [StoredEvent] {
    var events: [StoredEvent] = []
    var from = try present(from.flatMap { HistoryToken($0) }, "a place in history")
    while true {
      let page = try await world.history.page(
        of: try present(RoomID(id), "room id"), for: try world.user(user), from: from,
        to: to.flatMap { HistoryToken($0) }, .backwards, limit: 200,
        filter: try kind.filter().timeline)
      events += page.events
      guard let end = page.end else { return events.reversed() }
      from = end
    }
  }
}

extension ModelClient.Room {
  fileprivate mutating func take(summary: JSONView?) {
    joinedCount = summary?["m.joined_member_count"]?.integer ?? joinedCount
    invitedCount = summary?["m.invited_member_count"]?.integer ?? invitedCount
    heroes = summary?["m.heroes"]?.elements.compactMap(\.string) ?? heroes
  }

  fileprivate mutating func append(_ id: String, _ event: JSONView) {
    #expect(!timeline.contains(id), "an event is told twice")
    timeline.append(id)
    switch event["type"]?.string {
    case "m.room.message": contents[id] = event["content"].map { "\($0.rawBytes)" }
    case "m.room.redaction":
      let target = event["redacts"]?.string ?? event["content"]?["redacts"]?.string ?? ""
      if contents[target] != nil { contents[target] = "\(Array("{}".utf8)[...])" }
    default: break
    }
  }
}
