import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import Streams
import TestKit
import Testing

@testable import Rooms

/// What goes wrong around a writer costs time, never events.
struct WriterRecoveryTests {
  private func epoch(_ world: World) async throws -> Int64? {
    try await world.number("epoch", "SELECT epoch FROM writer_leases WHERE stream = 'events'")
  }

  @Test func aWriterWhoseLeaseRanOutTakesItAgain() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.say("1", in: room)
      let before = try present(try await epoch(world), "epoch")
      try await world.run(
        "UPDATE writer_leases SET expires_at = clock_timestamp() - interval '1 second'")
      let second = try await world.say("2", in: room)
      #expect(try await epoch(world) == before + 1)
      #expect(try await world.stored(second.eventID).event.prevEvents == [first.eventID])
      #expect(bodies(try await world.story(of: room)) == ["1", "2"])
      #expect(
        await world.reader.waitUntil(
          covers: VectorToken(minimum: second.streamOrdering), timeout: .seconds(20)))
      #expect(bodies(world.delivered.withLock { $0 }) == ["1", "2"])
    }
  }

  @Test func aWriterThatWasReplacedCommitsNothing() async throws {
    try await withWorld { old in
      let room = try await old.makeRoom()
      try await old.say("old", in: room)
      let new = try await World.start(old.database, clock: old.clock)
      try await new.running {
        let count = try await old.story(of: room).count
        await #expect(throws: PersistError.self) { try await old.say("lost", in: room) }
        #expect(try await old.story(of: room).count == count)
        try await new.say("new", in: room)
        await #expect(throws: PersistError.self) { try await old.say("lost", in: room) }
      }
      // When it gets the lease back, it goes on from what the other has written.
      try await old.lease.acquire()
      let last = try await old.say("again", in: room)
      let story = try await old.story(of: room)
      #expect(bodies(story) == ["old", "new", "again"])
      #expect(
        try await old.stored(last.eventID).event.prevEvents
          == story.dropLast().suffix(1).map(\.event.eventID))
    }
  }

  @Test func aTransactionOfAReplacedWriterIsKnownToTheNext() async throws {
    try await withWorld { old in
      let room = try await old.makeRoom()
      let first = try await old.say("a", in: room, transaction: "t")
      let new = try await World.start(old.database, clock: old.clock)
      try await new.running {
        let again = try await new.say("a", in: room, transaction: "t")
        #expect(again.eventID == first.eventID)
      }
    }
  }

  /// Ends all of the database's sessions but the one that asks.
  private func cutConnections(_ world: World) async throws {
    try await world.run(
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
      """)
  }

  /// Sends as a client does: the same transaction until there is an answer.
  private func insist(
    on number: Int, in rooms: [RoomID], _ world: World
  ) async throws -> (Int, EventID) {
    while true {
      do {
        let answer = try await world.say(
          "m\(number)", in: rooms[number % rooms.count], transaction: "t\(number)")
        return (number, answer.eventID)
      } catch PersistError.unavailable {
        continue
      }
    }
  }

  @Test func connectionsThatBreakLoseAndDoubleNothing() async throws {
    let (messages, atOnce, betweenCuts) = (200, 20, 40)
    try await withWorld { world in
      let rooms = [try await world.makeRoom(), try await world.makeRoom(.v10)]
      let answers = try await withThrowingTaskGroup(of: (Int, EventID).self) { group in
        for number in 0..<atOnce {
          group.addTask { try await insist(on: number, in: rooms, world) }
        }
        var answers: [String: EventID] = [:]
        while let (number, id) = try await group.next() {
          answers["m\(number)"] = id
          if answers.count % betweenCuts == 1 { try await cutConnections(world) }
          let next = answers.count + atOnce - 1
          guard next < messages else { continue }
          group.addTask { try await insist(on: next, in: rooms, world) }
        }
        return answers
      }
      #expect(answers.count == messages)
      var found: [String: EventID] = [:]
      for room in rooms {
        let story = try await world.story(of: room)
        for (earlier, later) in zip(story, story.dropFirst()) {
          #expect(later.event.prevEvents == [earlier.event.eventID])
        }
        for stored in story {
          guard let body = stored.event.content["body"]?.string else { continue }
          #expect(found.updateValue(stored.event.eventID, forKey: body) == nil)
        }
      }
      #expect(found == answers)
      try await expectAllDelivered(world)
    }
  }

  /// The reader has got every event once and in order.
  private func expectAllDelivered(_ world: World) async throws {
    let last = try present(
      try await world.number("last", "SELECT max(stream_ordering) FROM events"), "ordering")
    #expect(
      await world.reader.waitUntil(
        covers: VectorToken(minimum: 0).advanced(world.lease.writer, to: last),
        timeout: .seconds(20)))
    let orderings = world.delivered.withLock { $0.map(\.streamOrdering) }
    #expect(zip(orderings, orderings.dropFirst()).allSatisfy { $0 < $1 })
    #expect(
      Int64(orderings.count) == (try await world.number("events", "SELECT count(*) FROM events")))
  }

  @Test func aRestartOfTheDatabaseIsWaitedFor() async throws {
    try await TestPostgres.withOwnCluster { cluster, database in
      let migrator = Migrator(
        database: database, migrations: World.migrations, logger: TestPostgres.logger)
      try await migrator.migrate()
      let world = try await World.start(database)
      try await world.running {
        let room = try await world.makeRoom()
        try await cluster.stop(.immediate)
        async let answer = world.say("patient", in: room, transaction: "t")
        try await cluster.startAgain()
        let id = try await answer.eventID
        #expect(try await world.stored(id).event.content["body"]?.string == "patient")
        #expect(bodies(try await world.story(of: room)) == ["patient"])
      }
    }
  }
}
