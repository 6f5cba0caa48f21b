import Executors
import Postgres
import TestKit
import Testing

@testable import Streams

@Suite struct StreamCommitterTests {
  private static let count = Statement("test_count", "SELECT count(*) FROM test_rows")
  private static let fail = Statement("test_fail", "SELECT 1 / $1::bigint")

  private func append(
    _ value: String, _ node: TestNode, subject: String? = nil, writes: [Query] = []
  ) -> StreamChange<String> {
    StreamChange(subject: subject, reads: subject == nil ? [] : [Query(Self.count, [])]) {
      read, positions in
      let known = read.first?.int(0, 0).map { " after \($0)" } ?? ""
      let row = StreamRow(position: positions[0], row: value + known)
      let insert = Query(
        TestRows.insert,
        [.int(Int64(node.lease.writer.raw)), .ints([row.position]), .texts([row.row])])
      return StreamOutcome(writes: [insert] + writes, rows: [row], answer: Array(value.utf8))
    }
  }

  /// A node whose committer runs during `body`.
  private func withCommitter(
    _ body: @Sendable (TestNode, StreamCommitter<String>, TestNode) async throws -> Void
  ) async throws {
    try await withTwoNodes { first, second, _ in
      let committer = StreamCommitter(
        database: first.database, lease: first.lease, stream: first.writer,
        logger: TestPostgres.logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await committer.run() }
        defer { group.cancelAll() }
        try await body(first, committer, second)
      }
    }
  }

  @Test func changesAreAnsweredAfterTheirCommitAndReachEverybodyInOrder() async throws {
    try await withCommitter { node, committer, other in
      let values = (0..<300).map { "value \($0)" }
      let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
        for value in values { group.addTask { try await committer.commit(append(value, node)) } }
        return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
      }
      #expect(answers == Set(values.map { Array($0.utf8) }))
      let rows = try await node.database.query(Self.count, [])
      #expect(rows.int(0, 0) == 300)
      try await eventually { other.values.count == 300 }
      #expect(Set(other.values) == Set(values))
      #expect(node.values == other.values)
    }
  }

  /// Each change of a subject sees what the one before it wrote.
  @Test func changesOfOneSubjectAreNotDecidedTogether() async throws {
    try await withCommitter { node, committer, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<20 {
          group.addTask { _ = try await committer.commit(append("x", node, subject: "alice")) }
        }
        try await group.waitForAll()
      }
      try await eventually { node.values.count == 20 }
      #expect(node.values == (0..<20).map { "x after \($0)" })
    }
  }

  @Test func aRefusedChangeLeavesTheOthersAlone() async throws {
    try await withCommitter { node, committer, _ in
      let refusal = OwnerError.refused(status: 400, code: "M_BAD_JSON", reason: "no")
      let refused = StreamChange<String> { _, _ in throw refusal }
      async let good = committer.commit(append("good", node))
      await #expect(throws: refusal) { try await committer.commit(refused) }
      let answer = try await good
      #expect(answer == Array("good".utf8))
    }
  }

  /// A statement that the database refuses costs only its own change.
  @Test func aChangeThatTheDatabaseRefusesLeavesTheOthersAlone() async throws {
    try await withCommitter { node, committer, _ in
      let broken = append("broken", node, writes: [Query(Self.fail, [.int(0)])])
      let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
        for index in 0..<10 {
          let change = index == 5 ? broken : append("value \(index)", node)
          group.addTask {
            do {
              _ = try await committer.commit(change)
              return (index, true)
            } catch {
              return (index, false)
            }
          }
        }
        return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
      }
      for (index, isDone) in outcomes { #expect(isDone == (index != 5)) }
      let rows = try await node.database.query(Self.count, [])
      #expect(rows.int(0, 0) == 9)
    }
  }

  /// A writer that was paused past its lease takes it again and goes on; nothing is doubled.
  @Test func aLostLeaseIsTakenAgain() async throws {
    try await withCommitter { node, committer, _ in
      _ = try await committer.commit(append("before", node))
      let stolen = Statement(
        "test_expire", "UPDATE writer_leases SET expires_at = clock_timestamp(), epoch = epoch + 1")
      _ = try await node.database.query(stolen, [])
      _ = try await committer.commit(append("after", node))
      let rows = try await node.database.query(Self.count, [])
      #expect(rows.int(0, 0) == 2)
    }
  }

  @Test func whatWaitsWhenTheWorkerStopsIsRefused() async throws {
    try await withTwoNodes { node, _, _ in
      let committer = StreamCommitter(
        database: node.database, lease: node.lease, stream: node.writer,
        logger: TestPostgres.logger)
      let running = Task { await committer.run() }
      running.cancel()
      await running.value
      await #expect(throws: OwnerError.unavailable(reason: "the worker is stopping")) {
        try await committer.commit(append("late", node))
      }
    }
  }
}
