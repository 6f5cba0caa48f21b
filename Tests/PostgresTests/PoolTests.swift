import Executors
import Postgres
import TestKit
import Testing

@Suite struct PoolTests {
  static let pid = TransactionTests.pid

  @Test func noMoreConnectionsThanAllowed() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(exclusive: 3)) { database in
      let pids = try await withThrowingTaskGroup(of: Int64?.self, returning: Set<Int64?>.self) {
        group in
        for _ in 0..<40 {
          group.addTask {
            try await database.transaction { try await $0.query(Self.pid).int(0, 0) }
          }
        }
        return try await group.reduce(into: []) { $0.insert($1) }
      }
      #expect((1...3).contains(pids.count))
    }
  }

  @Test func theConnectionsAreCounted() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(exclusive: 1)) { database in
      _ = try await database.query(Self.pid)
      try await eventually { database.facts.shared == database.configuration.sharedConnections }
      let holding = Waiter<Void>()
      let goOn = Waiter<Void>()
      async let holder: Void = database.transaction { _ in
        holding.resolve(())
        await goOn.value(ifCancelled: ())
      }
      await holding.value(ifCancelled: ())
      async let waiting: Void = database.transaction { _ in }
      try await eventually { database.facts.waiting == 1 }
      #expect(database.facts.exclusive == 1 && database.facts.held == 1)
      goOn.resolve(())
      _ = try await (holder, waiting)
      try await eventually { database.facts.held == 0 }
      #expect(database.facts.waiting == 0 && database.facts.roundTrips == 0)
    }
  }

  @Test func theQueueIsBounded() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(exclusive: 1)) { database in
      let holding = Waiter<Void>()
      let goOn = Waiter<Void>()
      async let holder: Void = database.transaction { _ in
        holding.resolve(())
        await goOn.value(ifCancelled: ())
      }
      await holding.value(ifCancelled: ())
      let kinds = await withTaskGroup(
        of: PostgresError.Kind?.self, returning: [PostgresError.Kind?].self
      ) { group in
        for _ in 0..<1100 {
          group.addTask {
            do {
              try await database.transaction { _ in }
              return nil
            } catch {
              goOn.resolve(())
              return (error as? PostgresError)?.kind
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      try await holder
      #expect(kinds.count { $0 == nil } == 1024)
      #expect(kinds.count { $0 == .overloaded } == 76)
    }
  }

  @Test func aCancelledTaskStopsWaitingForAConnection() async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(exclusive: 1)) { database in
      let holding = Waiter<Void>()
      let goOn = Waiter<Void>()
      async let holder = database.transaction { transaction in
        let pid = try await transaction.query(Self.pid).int(0, 0)
        holding.resolve(())
        await goOn.value(ifCancelled: ())
        return pid
      }
      await holding.value(ifCancelled: ())
      let waiting = Task { try await database.transaction { _ in } }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      goOn.resolve(())
      let first = try await holder
      let second = try await database.transaction { try await $0.query(Self.pid).int(0, 0) }
      #expect(first == second)
    }
  }

  @Test func aTransactionCancelledInTheMiddleLeavesACleanConnection() async throws {
    try await TestPostgres.withDatabase(
      migrations: TransactionTests.schema, settings: TestSettings(exclusive: 1)
    ) { database in
      let sleeping = Waiter<Int64?>()
      let cancelled = Task {
        try await database.transaction { transaction in
          _ = try await transaction.query(TransactionTests.insert, [.int(1), .int(1)])
          sleeping.resolve(try await transaction.query(Self.pid).int(0, 0))
          _ = try await transaction.query(Statement("nap", "SELECT pg_sleep(0.2)::text"))
          try Task.checkCancellation()
        }
      }
      let pid = await sleeping.value(ifCancelled: nil)
      cancelled.cancel()
      await #expect(throws: CancellationError.self) { try await cancelled.value }
      try await database.transaction { transaction in
        let nextPID = try await transaction.query(Self.pid).int(0, 0)
        #expect(nextPID == pid)
        let sum = try await transaction.query(TransactionTests.sum).int(0, 0)
        #expect(sum == 0)
      }
    }
  }

  @Test(arguments: [false, true])
  func aStatementLeftRunningDoesNotReachTheNextTransaction(begun: Bool) async throws {
    try await TestPostgres.withDatabase(settings: TestSettings(exclusive: 1)) { database in
      let nap = Statement("nap", "SELECT pg_sleep(0.1)::text")
      let straggler = Locked<Task<Void, Never>?>(nil)
      try? await database.transaction { transaction in
        if begun { _ = try await transaction.query(Self.pid) }
        straggler.withLock { $0 = Task { _ = try? await transaction.query(nap) } }
      }
      let fresh = Statement("fresh", "SELECT pg_current_xact_id_if_assigned() IS NULL")
      for _ in 0..<3 {
        let isFresh = try await database.transaction(TransactionOptions(write: false)) {
          try await $0.query(fresh).bool(0, 0)
        }
        #expect(isFresh == true)
      }
      await straggler.withLock { $0 }?.value
    }
  }
}
