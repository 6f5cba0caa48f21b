import Executors
import MatrixIdentifiers
import MatrixJSON
import Postgres
import Streams
import TestKit
import Testing

@testable import Ephemera

/// The owner of presence, with its database and a clock that is moved by hand.
@Suite struct PresenceOwnerTests {
  private struct World: Sendable {
    let owner: PresenceOwner
    let values: LatestValues
    let local: LocalOwner
    let store: PresenceStore
    let clock: ManualClock

    init(_ database: Database, at time: Int64 = 1_000_000) {
      (clock, local) = (ManualClock(time), LocalOwner())
      store = PresenceStore(database: database)
      values = LatestValues(
        .presence, writer: WriterID(raw: 1), bus: InMemoryBus(), owner: local, clock: clock)
      owner = PresenceOwner(
        values: values, store: store, executor: TestLoop.executor, clock: clock,
        logger: TestPostgres.logger)
      owner.register(in: local)
    }

    func say(_ state: PresenceState, _ status: String?, of user: UserID) async throws {
      var body: JSON = [
        "user": .string(user.text), "device": "D", "state": .string(state.rawValue),
      ]
      if let status { body["status"] = .string(status) }
      _ = try await local.call(
        OwnerCall(stream: .presence, action: PresenceOwner.set, key: "", body: body.bytes))
    }

    func report(_ users: [UserID], _ kind: PresenceReport.Kind = .started) async throws {
      let reports = users.map {
        PresenceReport(userID: $0, deviceID: "D", kind: kind, state: .online)
      }
      _ = try await local.call(
        OwnerCall(
          stream: .presence, action: PresenceOwner.report, key: "",
          body: PresenceReport.encode(reports, from: "w")))
    }

    func announce(_ profiles: [UserID: PresenceProfile]) async throws {
      _ = try await local.call(
        OwnerCall(
          stream: .presence, action: PresenceOwner.announce, key: "",
          body: PresenceProfile.encode(profiles)))
    }

    /// What the owner says when it is asked.
    func known(of user: UserID) async throws -> PresenceRecord? {
      let body = JSON.object(["user": .string(user.text)]).bytes
      return PresenceRecord(
        try await local.call(
          OwnerCall(stream: .presence, action: PresenceOwner.get, key: "", body: body)))
    }

    func told(of user: UserID) -> PresenceRecord? {
      values.value(of: user.text).flatMap { PresenceRecord($0) }
    }
  }

  private let ann: UserID
  private let ben: UserID

  init() throws {
    (ann, ben) = (try #require(UserID("@ann:x")), try #require(UserID("@ben:x")))
  }

  private func withDatabase(_ body: @Sendable (Database) async throws -> Void) async throws {
    try await TestPostgres.withDatabase(migrations: EphemeraSchema.migrations) { database in
      try await TestLoop.run { try await body(database) }
    }
  }

  @Test func whatAUserSaysIsStoredBeforeItIsAnswered() async throws {
    try await withDatabase { database in
      let world = World(database)
      try await whileRunning([{ await world.owner.run() }]) {
        try await world.say(.unavailable, "tea", of: ann)
        let record = PresenceRecord(state: .unavailable, status: "tea")
        #expect(try await world.store.records(of: [ann, ben]) == [ann: record])
        #expect(world.told(of: ann) == record)
      }
    }
  }

  @Test func syncsAreWrittenTogether() async throws {
    try await withDatabase { database in
      let world = World(database)
      try await whileRunning([{ await world.owner.run() }]) {
        try await world.report([ann, ben])
        #expect(world.told(of: ben)?.state == .online)
        #expect(try await world.store.records(of: [ann, ben]).isEmpty, "nobody waits for it")
      }
      let stored = try await world.store.records(of: [ann, ben])
      #expect(stored.count == 2, "what was not written is written in the end")
      #expect(
        stored[ann] == PresenceRecord(state: .online, lastActive: 1_000_000, isActive: true))
    }
  }

  @Test func aNewProfileIsToldOfAnybody() async throws {
    try await withDatabase { database in
      let world = World(database)
      try await whileRunning([{ await world.owner.run() }]) {
        try await world.report([ann])
        let profiles = [
          ann: PresenceProfile(displayName: "Ann", avatarURL: "mxc://x/a"),
          ben: PresenceProfile(displayName: nil, avatarURL: nil),
        ]
        try await world.announce(profiles)
        #expect(world.told(of: ann)?.state == .online)
        #expect(world.told(of: ben)?.state == .offline)
        for (user, profile) in profiles { #expect(world.told(of: user)?.profile == profile) }
      }
      let stored = try await world.store.records(of: [ann])
      #expect(stored[ann]?.state == .online && stored[ann]?.profile == nil)
    }
  }

  @Test func theOwnerKnowsTheLastActivity() async throws {
    try await withDatabase { database in
      let world = World(database)
      try await world.report([ann])
      world.clock.advance(by: 9_000)
      try await world.report([ann, ben], .acted)
      #expect(world.told(of: ann)?.lastActive == 1_000_000, "which is no news")
      #expect(try await world.known(of: ann)?.lastActive == 1_009_000)
      #expect(world.told(of: ben) == nil)
      #expect(try await world.known(of: ben) == nil, "nobody looked up who is not there")
    }
  }

  @Test func aSuccessorGoesOn() async throws {
    try await withDatabase { database in
      let first = World(database)
      try await whileRunning([{ await first.owner.run() }]) {
        try await first.report([ann, ben])
        try await first.say(.online, "here", of: ann)
      }
      let second = World(database, at: 1_010_000)
      try await second.owner.restore()
      #expect(second.told(of: ann)?.state == .online && second.told(of: ann)?.status == "here")
      try await second.report([ann], .still)
      second.clock.advance(
        by: PresenceMachine.reportInterval + PresenceMachine.onlineTimeout + 2_000)
      try await second.report([ann], .still)
      try await eventually { second.told(of: ben)?.state == .offline }
      #expect(second.told(of: ann)?.state != .offline)
    }
  }

  @Test func aStatusComesBackWithItsUser() async throws {
    try await withDatabase { database in
      let first = World(database)
      try await whileRunning([{ await first.owner.run() }]) {
        try await first.say(.offline, "away", of: ann)
      }
      let second = World(database)
      try await second.owner.restore()
      #expect(second.told(of: ann) == nil)
      try await second.report([ann])
      #expect(second.told(of: ann)?.state == .online && second.told(of: ann)?.status == "away")
    }
  }

  @Test func whatWasWrittenLaterStays() async throws {
    try await withDatabase { database in
      let store = PresenceStore(database: database)
      try await store.write([ann: PresenceRecord(state: .online, status: "new")], at: 2)
      try await store.write([ann: PresenceRecord(state: .offline, status: "old")], at: 1)
      #expect(try await store.records(of: [ann])[ann]?.status == "new")
      #expect(try await store.present(limit: 10).keys.map(\.text) == [ann.text])
    }
  }

  @Test func callsThatCannotBeReadAreRefused() async throws {
    try await withDatabase { database in
      let world = World(database)
      for action in [
        PresenceOwner.set, PresenceOwner.report, PresenceOwner.announce, PresenceOwner.get,
      ] {
        await #expect(throws: OwnerError.self) {
          _ = try await world.local.call(
            OwnerCall(stream: .presence, action: action, key: "", body: Array("{}".utf8)))
        }
      }
    }
  }
}
