import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import TestKit

@testable import Rooms

/// A room that grows to many members and changes on and on, stored as its writer does, except that
/// its events are neither authorised nor signed.
struct LargeRoom {
  /// An event as others store it.
  struct Story {
    let event: Event
    /// The event whose state it builds on; nil for the first.
    let parent: EventID?
    /// What it changes in that.
    let changes: [StateTuple: EventID]
  }

  let id: RoomID
  private(set) var head: RoomHead
  private(set) var ids: [Int64: EventID] = [:]
  private let members: Int
  private let forks: Int
  private var random = SeededRandom(1)
  private var lastNumber: Int64 = 1_000_000
  private var tree = SnapshotTree()
  /// Of the current state.
  private var nodes: [StateTuple: ChainNode] = [:]
  /// The latest states with the events after which they are, the last one at the end.
  private var recent: [(snapshot: SnapshotID, event: EventID)] = []

  init(members: Int, forks: Int) throws {
    id = try RoomFixture.room("!\(String(repeating: "R", count: 43))")
    head = RoomHead(
      roomID: id, version: .v12, forwardExtremities: [], depth: 1, state: [:],
      cursor: StateCursor(room: 1_000_000, salt: .random()))
    self.members = members
    self.forks = forks
  }

  /// What stores the room itself.
  func creation() throws -> [Query] {
    [
      Query(
        Statement("measure_room", "INSERT INTO rooms VALUES ($1, '12', '', 0, $2, $3)"),
        [.text(id.text), .int(head.cursor.room), .bytes(head.cursor.salt.bytes)])
    ]
  }

  /// One change of the state, now and then on a fork that ends at once.
  mutating func step(_ number: Int) throws -> (queries: [Query], story: [Story]) {
    let event = try makeEvent(number)
    if recent.count > 4, random.chance(forks) { return try fork(event, number) }
    let parent = recent.last?.event
    let key = try present(event.stateTuple, "state key")
    var writer = SnapshotWriter(
      head.cursor, tree: head.cursor.hasSpace(for: 1) ? SnapshotTree() : tree)
    let placed = try place(event, on: head.stateSnapshot, &writer)
    move(to: placed.snapshot, writer)
    note(placed)
    return (
      commit([placed], writer),
      [Story(event: event, parent: parent, changes: [key: event.eventID])]
    )
  }

  private mutating func fork(
    _ event: Event, _ number: Int
  ) throws -> (queries: [Query], story: [Story]) {
    let start = recent[recent.count - 1 - Int.random(in: 1...3, using: &random)]
    let (key, last) = (
      try present(event.stateTuple, "state key"), try present(recent.last?.event, "event")
    )
    var writer = SnapshotWriter(head.cursor, tree: tree)
    let change = try place(event, on: start.snapshot, &writer)
    // Every change since then stays, and that of the fork is added.
    let snapshot = try present(head.stateSnapshot, "snapshot")
    let slot = try present(change.planned.edit, "edit").slot
    var ends: [(snapshot: SnapshotID?, events: [Int32: Int64])] = [
      (snapshot, [:]), (change.snapshot, [:]),
    ]
    var resolved: [Int32: Int64] = [:]
    for edit in try writer.tree.change(from: snapshot, to: change.snapshot).edits {
      resolved[edit.slot] = edit.slot == slot ? edit.new : edit.old
      ends[0].events[edit.slot] = edit.old
      ends[1].events[edit.slot] = edit.new
    }
    let after: SnapshotID?
    switch try writer.resolution(of: ends, to: resolved) {
    case .known(let known): after = known
    case .change(let merged, let parent, _):
      var numbers = nextNumbers()
      after = try writer.appendResolved(merged, to: parent, numbers: &numbers)
    }
    let message = try makeEvent(number, type: "m.room.message")
    let end = placed(message, nil, after, changesAccess: false, number: nextNumber())
    move(to: after, writer)
    note(end)
    return (
      commit([change, end], writer),
      [
        Story(event: event, parent: start.event, changes: [key: event.eventID]),
        Story(event: message, parent: last, changes: [key: event.eventID]),
      ]
    )
  }

  // MARK: Storing

  private mutating func place(
    _ event: Event, on snapshot: SnapshotID?, _ writer: inout SnapshotWriter
  ) throws -> PlacedEvent {
    let key = try present(event.stateTuple, "state key")
    let number = nextNumber()
    let (edit, replaced) = head.place(event, key, number: number)
    let old =
      snapshot == head.stateSnapshot
      ? edit.old : try writer.tree.event(in: edit.slot, at: snapshot)
    let change = StateEdit(slot: edit.slot, old: old, new: number)
    var numbers = nextNumbers()
    let after = try writer.append(StateChange(change), to: snapshot, numbers: &numbers)
    ids[number] = event.eventID
    let cited = event.authEventKeys.compactMap { nodes[$0] }
    let node = ChainNode(number: number, key: key, citing: cited)
    nodes[key] = node
    return placed(
      event, change, after,
      changesAccess: AccessHistory.changes(by: event, after: replaced?.event), number: number,
      node: node)
  }

  private func placed(
    _ event: Event, _ edit: StateEdit?, _ after: SnapshotID?, changesAccess: Bool, number: Int64,
    node: ChainNode? = nil
  ) -> PlacedEvent {
    PlacedEvent(
      planned: PlannedEvent(
        number: number, event: event, replaced: [], edit: edit, changesAccess: changesAccess,
        transaction: nil, redaction: nil),
      place: GraphPlace(previous: [], node: node), room: head.cursor.room, snapshot: after,
      push: nil)
  }

  private mutating func move(to snapshot: SnapshotID?, _ writer: SnapshotWriter) {
    for layer in writer.writes.inserted { tree.insert(layer) }
    for (layer, changes) in writer.writes.appended {
      for change in changes { tree.append(change, to: layer) }
    }
    head.cursor.move(
      to: snapshot, hash: (try? writer.hash(at: snapshot)) ?? .empty,
      tip: snapshot.flatMap { writer.tip(of: $0.layer) })
  }

  private mutating func note(_ placed: PlacedEvent) {
    guard let snapshot = placed.snapshot else { return }
    recent = recent.suffix(4) + [(snapshot, placed.planned.event.eventID)]
  }

  private func commit(_ events: [PlacedEvent], _ writer: SnapshotWriter) -> [Query] {
    CommitBatch(
      events: events, layers: [(head.cursor.room, writer.writes)], heads: [CommitBatch.Head(head)]
    ).queries(writer: 1, now: 0)
  }

  private mutating func nextNumber() -> Int64 {
    // Other rooms have events too.
    lastNumber += Int64.random(in: 1...50, using: &random)
    return lastNumber
  }

  private mutating func nextNumbers() -> ArraySlice<Int64> {
    [nextNumber(), nextNumber()][...]
  }

  // MARK: Events

  private mutating func makeEvent(_ number: Int, type: String? = nil) throws -> Event {
    let (kind, stateKey, membership) = choose(number)
    let member = Int.random(in: 0..<max(1, min(number, members)), using: &random)
    let sender = membership == nil ? user(member) : stateKey
    var content: JSON = ["body": .string(String(repeating: "x", count: 100))]
    if let membership { content["membership"] = .string(membership) }
    var json: JSON = [
      "type": .string(type ?? kind), "sender": .string(sender), "room_id": .string(id.text),
      "content": content, "depth": .integer(Int64(number)), "origin_server_ts": 1,
    ]
    if type == nil { json["state_key"] = .string(stateKey) }
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let name = (0..<43).map { _ in String(random.pick(alphabet)) }.joined()
    return try Event(
      bytes: json.bytes, version: .v12, eventID: try present(EventID("$\(name)"), "event id"))
  }

  private func user(_ number: Int) -> String { "@member\(number):some.example.org" }

  /// First all join, after what a room begins with; then most changes are those of members.
  private mutating func choose(
    _ number: Int
  ) -> (type: String, stateKey: String, membership: String?) {
    switch number {
    case 1: return ("m.room.power_levels", "", nil)
    case 2: return ("m.room.join_rules", "", nil)
    case ..<members: return ("m.room.member", user(number), "join")
    default: break
    }
    let member = user(Int.random(in: 0..<members, using: &random))
    switch random.below(10) {
    case 0: return ("m.room.topic", "", nil)
    case 1: return ("m.room.power_levels", "", nil)
    case 2: return ("org.example.call.member", member, nil)
    case 3...5: return ("m.room.member", member, "leave")
    default: return ("m.room.member", member, "join")
    }
  }
}
