import Postgres
import Synchronization
import TestKit
import Testing

@testable import Streams

/// What a consumer has handled.
private final class Handled: Sendable {
  private let state = Mutex<(values: [String], failures: Int)>(([], 0))
  var values: [String] { state.withLock { $0.values } }

  struct Refused: Error {}

  func fail(times: Int) {
    state.withLock { $0.failures = times }
  }

  func handle(_ batch: StreamBatch<String>) throws {
    try state.withLock { state in
      if state.failures > 0 {
        state.failures -= 1
        throw Refused()
      }
      state.values += batch.rows.map(\.row)
    }
  }
}

@Suite struct StreamFollowerTests {
  private static func following<Value: Sendable>(
    _ node: TestNode, _ handled: Handled, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    let follower = StreamFollower(
      consumer: "sender 1", reader: node.reader, database: node.database,
      logger: TestPostgres.logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await follower.run { try handled.handle($0) } }
      defer { group.cancelAll() }
      return try await body()
    }
  }

  private static func stored(_ node: TestNode) async throws -> [WriterID: Int64]? {
    try await ConsumerPositions(
      consumer: "sender 1", stream: .events, database: node.database
    ).load()
  }

  @Test func aNewConsumerStartsNowAndARestartedOneWhereItStopped() async throws {
    try await withTwoNodes { first, second, _ in
      try await first.commit("before")
      try await eventually { second.values == ["before"] }
      let handled = Handled()
      try await Self.following(second, handled) {
        try await eventually { try await Self.stored(second) != nil }
        try await first.commit("a")
        let last = try await first.commit("b")
        try await eventually { handled.values == ["a", "b"] }
        try await eventually {
          try await Self.stored(second)?[first.lease.writer] ?? 0 >= last
        }
      }
      for number in 0..<700 where number % 7 == 0 { try await first.commit("away \(number)") }
      let again = Handled()
      try await Self.following(second, again) {
        try await eventually { again.values.count >= 100 }
        try await second.commit("c")
        try await eventually { again.values.count >= 101 }
      }
      #expect(again.values.first == "away 0")
      #expect(again.values.count == 101)
    }
  }

  @Test func aBatchWhoseHandlerFailsComesAgain() async throws {
    try await withTwoNodes { first, second, _ in
      let handled = Handled()
      try await Self.following(second, handled) {
        try await eventually { try await Self.stored(second) != nil }
        handled.fail(times: 2)
        try await first.commit("a")
        try await first.commit("b")
        try await eventually { handled.values == ["a", "b"] }
      }
    }
  }

  @Test func storedPositionsNeverGoBack() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let positions = ConsumerPositions(
        consumer: "c", stream: .events, database: database)
      let (one, two) = (WriterID(raw: 1), WriterID(raw: 2))
      #expect(try await positions.load() == nil)
      try await positions.store([one: 10, two: 20])
      try await positions.store([one: 5, two: 25])
      #expect(try await positions.load() == [one: 10, two: 25])
      let other = ConsumerPositions(consumer: "d", stream: .events, database: database)
      #expect(try await other.load() == nil)
    }
  }
}
