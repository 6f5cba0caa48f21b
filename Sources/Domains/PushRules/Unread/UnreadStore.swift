package import MatrixIdentifiers
package import Postgres

/// Counts what users have not read without looking at events.
///
/// For most members of a room an event means the same. So of an event one row is written, whatever
/// the number of members, with running totals of the room: what somebody has not read is the total
/// now less the total at their receipt. What an event means to other members, those it mentions
/// above all, is a row of `push_actions` for each of them, with what is to be added to the totals.
/// A member for whom most events mean something else, as the room is muted, does not follow the
/// totals at all: where that began or ended is written once (`push_turns`), and of each event only
/// what notifies. Each thread has totals of its own. A user's own events need no row, because who
/// sends an event has read the thread up to it; of that the last is kept (`push_marks`), as of
/// joining, before which nothing counts.
///
/// So a message in a room of 200 members writes two rows, and a receipt none. `PushCleanup` removes
/// rows of `push_actions` that were read; those of `event_push` stay as long as their events, as
/// somebody who was away for long may still read a part of what was missed.
package struct UnreadStore: Sendable {
  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// What a user has not read of rooms that the user is joined to. Two round trips at most.
  /// - Parameter positions: the user's receipts in the rooms.
  package func load(
    _ user: UserID, in rooms: [RoomID], positions: [ReadPosition]
  ) async throws -> [RoomID: RoomUnread] {
    guard !rooms.isEmpty else { return [:] }
    let facts = try await database.queryAll(
      UnreadStatements.facts(of: user, in: rooms, positions: positions))
    var plan = UnreadPlan(rooms: rooms, positions: positions)
    UnreadStatements.read(facts, into: &plan)
    let needs = plan.needs()
    if !needs.isEmpty {
      let answers = try await database.queryAll(UnreadStatements.counts(of: user, needs))
      UnreadStatements.read(answers, of: needs, into: &plan)
    }
    return plan.rooms
  }
}

/// Puts together a user's counts from what the tables hold.
struct UnreadPlan: Sendable {
  /// A thread of which something may be unread.
  struct Need: Sendable {
    let room: RoomID
    let thread: String
    let after: Int64
    let upTo: Int64
    let spans: [UnreadSpans.Span]
  }

  private(set) var rooms: [RoomID: RoomUnread]
  private var turns: [RoomID: [(ordering: Int64, follows: Bool)]] = [:]
  private var threads: [RoomID: [(thread: String, last: Int64)]] = [:]

  init(rooms: [RoomID], positions: [ReadPosition]) {
    self.rooms = Dictionary(
      rooms.map { ($0, RoomUnread()) }, uniquingKeysWith: { first, _ in first })
    for position in positions {
      note(position.room, thread: position.thread, position.streamOrdering)
    }
  }

  mutating func note(_ room: RoomID, thread: String?, _ ordering: Int64) {
    rooms[room]?.note(thread, ordering)
  }

  /// The last event of a room that has anything stored.
  mutating func setEnd(_ room: RoomID, _ ordering: Int64) {
    rooms[room]?.upTo = ordering
    threads[room, default: []].append((PushActions.mainThread, ordering))
  }

  mutating func addThread(_ room: RoomID, _ thread: String, last: Int64) {
    threads[room, default: []].append((thread, last))
  }

  /// In the order of their places.
  mutating func addTurn(_ room: RoomID, _ ordering: Int64, follows: Bool) {
    turns[room, default: []].append((ordering, follows))
  }

  mutating func needs() -> [Need] {
    var needs: [Need] = []
    for (room, unread) in rooms {
      let turns = turns[room] ?? []
      rooms[room]?.follows = UnreadSpans(turns: turns, after: 0, upTo: unread.upTo).follows
      for (thread, last) in threads[room] ?? [] {
        let start = unread.position(in: thread)
        guard last > start, unread.upTo > start else { continue }
        needs.append(
          Need(
            room: room, thread: thread, after: start, upTo: unread.upTo,
            spans: UnreadSpans(turns: turns, after: start, upTo: unread.upTo).spans))
      }
    }
    return needs
  }

  mutating func add(_ count: PushCount, _ room: RoomID, _ thread: String) {
    rooms[room]?.add(count, to: thread)
  }
}
