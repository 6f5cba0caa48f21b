import Executors
import Postgres
import Synchronization
import TestKit
import Testing

@Suite struct TransactionTests {
  static let schema = [
    Migration(number: 1, name: "accounts", sql: "CREATE TABLE accounts (id bigint, amount bigint)")
  ]
  static let insert = Statement("insert", "INSERT INTO accounts VALUES ($1, $2)")
  static let sum = Statement("sum", "SELECT coalesce(sum(amount), 0)::bigint FROM accounts")
  static let pid = Statement("pid", "SELECT pg_backend_pid()")

  struct Refused: Error {}

  @Test func whatCommitsIsSeenAndWhatThrowsIsNot() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let inside = try await database.transaction { transaction in
        _ = try await transaction.query(Self.insert, [.int(1), .int(10)])
        #expect(try await database.query(Self.sum).int(0, 0) == 0)
        return try await transaction.query(Self.sum).int(0, 0)
      }
      #expect(inside == 10)
      #expect(try await database.query(Self.sum).int(0, 0) == 10)
      await #expect(throws: Refused.self) {
        try await database.transaction { transaction in
          _ = try await transaction.query(Self.insert, [.int(2), .int(5)])
          throw Refused()
        }
      }
      #expect(try await database.query(Self.sum).int(0, 0) == 10)
    }
  }

  @Test func theLastBatchCommitsInTheSameRoundTrip() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let added = try await database.transaction { transaction in
        let before = try await transaction.query(Self.sum).int(0, 0)
        let result = try await transaction.commit(with: [
          Query(Self.insert, [.int(1), .int(1)]), Query(Self.sum),
        ])
        // Visible to others although the body has not returned.
        #expect(try await database.query(Self.sum).int(0, 0) == 1)
        guard case .rows(let rows) = result else { return Int64(-1) }
        #expect(rows.count == 2)
        return (rows[1].int(0, 0) ?? -1) - (before ?? 0)
      }
      #expect(added == 1)
    }
  }

  @Test func aTransactionMayConsistOfItsLastBatch() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      for write in [true, false] {
        try await database.transaction(TransactionOptions(write: write)) { transaction in
          let batch = write ? [Query(Self.insert, [.int(1), .int(1)])] : [Query(Self.sum)]
          guard case .rows(let rows) = try await transaction.commit(with: batch) else {
            Issue.record("no rows")
            return
          }
          #expect(rows.count == 1)
        }
      }
      #expect(try await database.query(Self.sum).int(0, 0) == 1)
    }
  }

  @Test func afterItsEndATransactionRefusesWork() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let escaped = try await database.transaction { transaction in
        try await transaction.commit()
        await #expect(throws: PostgresError.self) { try await transaction.query(Self.sum) }
        return transaction
      }
      await #expect(throws: PostgresError.self) { try await escaped.query(Self.sum) }
    }
  }

  @Test func aSwallowedErrorStillFailsTheTransaction() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction { transaction in
          _ = try await transaction.query(Self.insert, [.int(1), .int(1)])
          _ = try? await transaction.query(Statement("zero", "SELECT 1 / 0"))
        }
      }
      #expect(error?.sqlState == "22012")
      let sum = try await database.query(Self.sum).int(0, 0)
      #expect(sum == 0)
    }
  }

  @Test func aReadOnlyTransactionCannotWrite() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction(TransactionOptions(write: false)) { transaction in
          _ = try await transaction.query(Self.insert, [.int(1), .int(1)])
        }
      }
      #expect(error?.sqlState == "25006")
    }
  }

  @Test func aConflictIsRetried() async throws {
    try await TestPostgres.withDatabase(migrations: Self.schema) { database in
      let bothHaveRead = Meeting(of: 2)
      let tries = Locked(0)
      let add: @Sendable (Int64) async throws -> Void = { id in
        try await database.transaction(TransactionOptions(isolation: .serializable)) {
          transaction in
          let sum = try await transaction.query(Self.sum).int(0, 0) ?? 0
          tries.withLock { $0 += 1 }
          await bothHaveRead.arrive()
          _ = try await transaction.query(Self.insert, [.int(id), .int(sum + 1)])
        }
      }
      async let first: Void = add(1)
      async let second: Void = add(2)
      _ = try await (first, second)
      // One after the other: 1, then 1 + 1; without the retry both would add 1.
      #expect(try await database.query(Self.sum).int(0, 0) == 3)
      #expect(tries.withLock { $0 } == 3)
    }
  }

  @Test func retriesAreBounded() async throws {
    try await TestPostgres.withDatabase { database in
      let conflict = Statement(
        "conflict", "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")
      let tries = Locked(0)
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction(TransactionOptions(retries: 2)) { transaction in
          tries.withLock { $0 += 1 }
          do { _ = try await transaction.query(conflict) } catch { throw error }
        }
      }
      #expect(error?.kind == .deadlock)
      #expect(tries.withLock { $0 } == 3)
    }
  }

  @Test func isolationLevelsReachTheServer() async throws {
    try await TestPostgres.withDatabase { database in
      let show = Statement("show", "SELECT current_setting('transaction_isolation')")
      let levels: [(TransactionOptions.Isolation, String)] = [
        (.readCommitted, "read committed"), (.repeatableRead, "repeatable read"),
        (.serializable, "serializable"),
      ]
      for (isolation, name) in levels {
        for write in [true, false] {
          let options = TransactionOptions(isolation: isolation, write: write)
          let text = try await database.transaction(options) { transaction in
            try await transaction.query(show).text(0, 0)
          }
          #expect(text == name)
        }
      }
    }
  }
}

/// Lets tasks wait until a number of them have come; later ones pass.
final class Meeting: Sendable {
  private let missing: Mutex<Int>
  private let complete = Mutex<[Waiter<Void>]>([])

  init(of count: Int) {
    missing = Mutex(count)
  }

  func arrive() async {
    let waiter = Waiter<Void>()
    complete.withLock { $0.append(waiter) }
    let isComplete = missing.withLock { missing in
      missing -= 1
      return missing <= 0
    }
    if isComplete {
      for waiter in complete.withLock({ $0 }) { waiter.resolve(()) }
    }
    await waiter.value(ifCancelled: ())
  }
}
