import MatrixIdentifiers
import Postgres
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// Random histories with forks, stored in a real database.
struct StoredStateTests {
  private static let room = "!story:a.example"

  private func id(_ number: Int64) throws -> EventID {
    try present(EventID("$\(number)"), "event id")
  }

  /// Stores a story whose last point is the room's head. Slot 7 is of the state key "7".
  private func store(_ story: SnapshotStory, _ database: Database) async throws {
    let head = try present(story.points.last?.snapshot, "snapshot")
    let points = story.points.filter { $0.snapshot != nil }
    try await database.runScript(
      """
      INSERT INTO rooms VALUES ('\(Self.room)', '12', '@a:a.example', 0, 1, '\\x00');
      INSERT INTO room_heads VALUES ('\(Self.room)', '{}', 1, \(head.raw));
      """)
    let rows = story.rows.sorted { $0.key < $1.key }
    _ = try await database.queryAll([
      Query(
        Statement(
          "test_layers",
          """
          INSERT INTO state_layers (room_nid, layer, parent, hash, changes)
          SELECT 1, * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])
          """),
        [
          .ints(rows.map(\.key)), .nullableInts(rows.map(\.value.parent?.raw)),
          .byteArrays(rows.map(\.value.hash.bytes)), .byteArrays(rows.map(\.value.changes)),
        ]),
      Query(
        Statement(
          "test_events",
          """
          INSERT INTO events (stream_ordering, writer, room_id, event_id, type, sender,
            room_version, json, depth, state_snapshot, state_key)
          SELECT n, 1, '\(Self.room)', '$' || n, 'm.test', '@a:a.example', '12', '', 1, s, k
          FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS v (n, s, k)
          """),
        [
          .ints(points.map(\.number)), .ints(points.compactMap(\.snapshot?.raw)),
          .nullableTexts(points.map { $0.before == $0.state ? nil : "" }),
        ]),
    ])
  }

  private func withStory(
    seed: UInt64, _ body: @Sendable (SnapshotStory, Database) async throws -> Void
  ) async throws {
    var story = SnapshotStory(seed: seed)
    try story.tell(300)
    let told = story
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      try await store(told, database)
      try await body(told, database)
    }
  }

  private func entries(_ state: RoomState?, _ story: SnapshotStory) -> [Int32: Int64] {
    var entries: [Int32: Int64] = [:]
    for slot in 0..<story.slots {
      if let number = state?[slot], number != StateEdit.none { entries[slot] = number }
    }
    return entries
  }

  @Test(arguments: [1, 2] as [UInt64])
  func theStateBeforeAndAfterEveryEvent(_ seed: UInt64) async throws {
    try await withStory(seed: seed) { story, database in
      let layers = LayerStore(database: database)
      for point in story.points where point.snapshot != nil {
        let event = try id(point.number)
        #expect(entries(try await layers.state(.after, event), story) == point.state)
        #expect(entries(try await layers.state(.before, event), story) == point.before)
      }
      #expect(try await layers.state(.after, try id(5)) == nil)
    }
  }

  @Test func changesBetweenEvents() async throws {
    try await withStory(seed: 3) { story, database in
      let layers = LayerStore(database: database)
      let room = try RoomFixture.room(Self.room)
      var random = SeededRandom(3)
      let points = story.points.filter { $0.snapshot != nil }
      for _ in 0..<50 {
        let ends = [random.pick(points), random.pick(points)]
        let events = try ends.map { try id($0.number) }
        let snapshots = try await layers.snapshots(after: events)
        #expect(ends.map(\.snapshot) == events.map { snapshots[$0] })
        let tree = try await layers.tree(of: Array(snapshots.values), in: room)
        let change = try tree.change(
          from: snapshots[events[0]], to: snapshots[events[1]])
        let wanted = (0..<story.slots).filter { ends[0].state[$0] != ends[1].state[$0] }
        #expect(change.edits.map(\.slot) == wanted)
        for edit in change.edits {
          #expect(edit.old == ends[0].state[edit.slot] ?? StateEdit.none)
          #expect(edit.new == ends[1].state[edit.slot] ?? StateEdit.none)
        }
      }
    }
  }

  @Test func aStateIsFoundByItsHash() async throws {
    try await withStory(seed: 4) { story, database in
      let room = try RoomFixture.room(Self.room)
      for (layer, row) in story.rows {
        let found = try await database.transaction { transaction in
          try await LayerStore.snapshot(with: row.hash, in: room, transaction)
        }
        let first = story.rows.filter { $0.value.hash == row.hash }.keys.min()
        #expect(found == first.map { SnapshotID(layer: $0, index: 0) })
        #expect(found?.layer ?? .max <= layer)
      }
      let none = try await database.transaction { transaction in
        try await LayerStore.snapshot(with: .empty, in: room, transaction)
      }
      #expect(none == nil)
    }
  }

  /// After events have gone, exactly the layers stay that a state is made of.
  @Test(arguments: [5, 6] as [UInt64])
  func onlyWhatNothingNeedsIsRemoved(_ seed: UInt64) async throws {
    try await withStory(seed: seed) { story, database in
      var random = SeededRandom(seed)
      let cleaner = StateCleaner(database: database)
      let room = try RoomFixture.room(Self.room)
      var points = story.points.filter { $0.snapshot != nil }
      let head = try present(points.last, "point")
      #expect(try await clean(room, cleaner) == unneeded(points + [head], story))
      while !points.isEmpty {
        let count = points.count
        points.removeAll { _ in random.chance(40) }
        if points.count == count { points.removeLast() }
        let kept = points
        try await database.runScript(
          """
          DELETE FROM events WHERE stream_ordering NOT IN
            (\((kept.map { String($0.number) } + ["0"]).joined(separator: ",")))
          """)
        _ = try await clean(room, cleaner)
        let left = try await database.query(
          Statement("test_left", "SELECT layer FROM state_layers ORDER BY layer"))
        let needed = try needed(by: kept + [head], story)
        #expect((0..<left.count).compactMap { left.int($0, 0) } == needed.sorted())
        let layers = LayerStore(database: database)
        for point in kept.shuffled(using: &random).prefix(20) {
          let state = try await layers.state(.after, try id(point.number))
          #expect(entries(state, story) == point.state)
        }
      }
      let last = try present(head.snapshot, "snapshot")
      let tree = try await LayerStore(database: database).tree(of: [last], in: room)
      #expect(entries(try tree.state(at: last), story) == head.state)
    }
  }

  /// - Returns: how many layers were removed.
  private func clean(_ room: RoomID, _ cleaner: StateCleaner) async throws -> Int {
    var (removed, place) = (0, Int64.max as Int64?)
    while let end = place {
      let progress = try await cleaner.clean(room, before: end)
      removed += progress.removed
      place = progress.next
    }
    return removed
  }

  private func needed(by points: [SnapshotStory.Point], _ story: SnapshotStory) throws
    -> Set<Int64>
  {
    Set(try points.flatMap { try story.tree.chain(from: $0.snapshot).map(\.layer) })
  }

  private func unneeded(_ points: [SnapshotStory.Point], _ story: SnapshotStory) throws -> Int {
    story.rows.count - (try needed(by: points, story)).count
  }

  @Test func cleaningGoesOnWhereItStopped() async throws {
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      let count = StateCleaner.batchLimit + 10
      try await database.runScript(
        """
        INSERT INTO rooms VALUES ('\(Self.room)', '12', '@a:a.example', 0, 1, '\\x00');
        INSERT INTO room_heads VALUES ('\(Self.room)', '{}', 1, 1 << 6);
        INSERT INTO state_layers
        SELECT 1, n, CASE WHEN n > 1 THEN n - 1 << 6 END, decode(repeat('00', 16), 'hex'),
          '\\x010102'
        FROM generate_series(1, \(count)) AS n;
        """)
      let cleaner = StateCleaner(database: database)
      let room = try RoomFixture.room(Self.room)
      let first = try await cleaner.clean(room)
      #expect(first == StateCleaner.Progress(removed: StateCleaner.batchLimit, next: 11))
      let second = try await cleaner.clean(room, before: 11)
      #expect(second == StateCleaner.Progress(removed: 9, next: nil))
    }
  }
}
