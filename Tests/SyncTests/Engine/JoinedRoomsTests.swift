import MatrixIdentifiers
import MatrixJSON
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

/// Which rooms a user is in, as a worker tells it without asking the database.
struct JoinedRoomsTests {
  private func engine(_ world: World, _ database: CountingDatabase) -> SyncEngine {
    SyncEngine(
      reader: world.main.reader, database: database, executor: TestLoop.executor,
      clock: world.clock)
  }

  @Test func theyFollowTheStreamWithoutAQuery() async throws {
    try await withWorld { world in
      let database = CountingDatabase(world.database)
      let (engine, bob) = (engine(world, database), try world.user(World.bob))
      #expect(try await engine.joinedRooms(of: bob).isEmpty)
      #expect(database.taken() == ["memberships_of_user"])
      let rooms = [try await world.makeRoom(), try await world.makeRoom()]
      for room in rooms { try await world.member(World.bob, "join", in: room) }
      #expect(Set(try await engine.joinedRooms(of: bob)) == Set(rooms))
      try await world.member(World.bob, "leave", in: rooms[0])
      #expect(try await engine.joinedRooms(of: bob) == [rooms[1]])
      try await world.member(World.bob, "invite", in: rooms[0], by: World.alice)
      #expect(try await engine.joinedRooms(of: bob) == [rooms[1]])
      #expect(database.taken().isEmpty)
    }
  }

  @Test func aWorkerThatHearsNothingAsksTheDatabase() async throws {
    try await withWorld { world in
      let (board, bob) = (Switchboard(), try world.user(World.bob))
      let deaf = try await world.worker(1, on: board)
      #expect(try await deaf.engine.joinedRooms(of: bob).isEmpty)
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      #expect(try await deaf.engine.joinedRooms(of: bob).isEmpty)
      board.send(.disconnected)
      #expect(try await deaf.engine.joinedRooms(of: bob) == [room])
      // It has missed what was said before, and does so until it has looked.
      board.send(.connected)
      #expect(!deaf.reader.isHearing)
      #expect(try await deaf.engine.joinedRooms(of: bob) == [room])
      try await deaf.hub.start()
      #expect(!deaf.reader.isHearing)
      try await whileRunning([{ await deaf.hub.run() }]) {
        try await eventually { deaf.reader.isHearing }
        #expect(try await deaf.engine.joinedRooms(of: bob) == [room])
      }
    }
  }

  @Test func whoLostARoomIsAskedForAgain() async throws {
    try await withWorld { world in
      let database = CountingDatabase(world.database)
      let (engine, bob) = (engine(world, database), try world.user(World.bob))
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      #expect(try await engine.joinedRooms(of: bob) == [room])
      // The room's state has changed in a way that the stream does not tell.
      engine.forget([room.text])
      _ = database.taken()
      #expect(try await engine.joinedRooms(of: bob) == [room])
      #expect(database.taken() == ["memberships_of_user"])
    }
  }
}

/// A change of membership is acknowledged when the worker that asked for it has heard of it.
struct HeardMembershipsTests {
  private func request(
    _ type: String, _ key: String?, _ content: JSON, _ world: World, in room: RoomID
  ) throws -> PersistRequest {
    let intent = EventIntent(
      type: type, stateKey: key, sender: try world.user(World.bob), content: content.bytes)
    return PersistRequest(roomID: room, intents: [intent])
  }

  @Test func aJoinIsAcknowledgedWhenTheWorkerHasHeardOfIt() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      // The bus brings it nothing, so it has to look.
      let slow = try await world.worker(1, on: Switchboard())
      let bob = try world.user(World.bob)
      #expect(try await slow.engine.joinedRooms(of: bob).isEmpty)
      try await whileRunning([{ await slow.hub.run() }]) {
        let join = try request(
          "m.room.member", World.bob, ["membership": "join"], world, in: room)
        let persister = HeardMemberships(persister: world.writer, reader: slow.reader)
        _ = try await persister.persist(join)
        #expect(try await slow.engine.joinedRooms(of: bob) == [room])
      }
    }
  }

  @Test func onlyMembershipsAreWaitedForAndNotForEver() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let deaf = try await world.worker(1, on: Switchboard())
      let persister = HeardMemberships(
        persister: world.writer, reader: deaf.reader, patience: .milliseconds(20))
      let start = deaf.reader.current
      let join = try request("m.room.member", World.bob, ["membership": "join"], world, in: room)
      let begun = ContinuousClock.now
      let joined = try await persister.persist(join)
      #expect(ContinuousClock.now - begun >= .milliseconds(20))
      #expect(joined.count == 1)
      // Nothing would wake it before the test is given up.
      let patient = HeardMemberships(
        persister: world.writer, reader: deaf.reader, patience: .seconds(86_400))
      let message = try request("m.room.message", nil, ["body": "hi"], world, in: room)
      let said = try await patient.persist(message)
      #expect(said.count == 1)
      #expect(deaf.reader.current == start)
    }
  }
}
