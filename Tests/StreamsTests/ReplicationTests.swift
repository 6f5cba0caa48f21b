import Executors
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Streams

@Suite struct ReplicationTests {
  @Test func rowsReachTheWriterAtOnceAndTheOthersByMessage() async throws {
    try await withTwoNodes(timing: TestNode.slow) { first, second, _ in
      let position = try await first.commit("a", "b")
      // Without waiting: the local reader is fed directly.
      #expect(first.values == ["a", "b"])
      #expect(first.reader.current.covers(first.lease.writer, position))
      #expect(second.values == ["a", "b"])
      try await second.commit("c")
      try await first.commit("d")
      #expect(first.values == ["a", "b", "c", "d"])
      #expect(second.values == ["a", "b", "c", "d"])
    }
  }

  @Test func theHubTellsHowItStands() async throws {
    try await withTwoNodes(timing: TestNode.slow) { first, second, _ in
      try await first.commit("a", "b")
      let position = try await first.commit("c")
      for (node, received) in [(first, 0), (second, 2)] {
        let facts = node.hub.facts
        #expect(facts.isConnected)
        #expect(facts.streams.map(\.name) == [.events])
        let stream = try #require(facts.streams.first)
        #expect(stream.received == received)
        #expect(stream.lag == 0 && stream.waiting == 0)
        #expect(stream.position == node.reader.current.minimum)
        #expect(stream.position <= position)
      }
    }
  }

  @Test func handlersRunInOrderAroundTheMove() async throws {
    try await withTwoNodes(timing: TestNode.slow) { first, _, _ in
      let calls = Mutex<[String]>([])
      let before = first.reader.current
      let note: @Sendable (String) -> Void = { name in
        let moved = first.reader.current != before
        calls.withLock { $0.append("\(name) \(moved)") }
      }
      first.reader.onWake { _ in note("wake") }
      first.reader.onAdvance { _ in note("advance") }
      first.reader.onInvalidate { _ in note("invalidate") }
      try await first.commit("a")
      #expect(calls.withLock { $0 } == ["invalidate false", "advance true", "wake true"])
    }
  }

  @Test func lostMessagesAreRepairedByTheNextOne() async throws {
    try await withTwoNodes(timing: TestNode.slow) { first, second, network in
      network.lose(true)
      for number in 0..<3 { try await first.commit("lost \(number)") }
      network.lose(false)
      try await first.commit("heard")
      try await eventually { second.values.count == 4 }
      #expect(second.values == ["lost 0", "lost 1", "lost 2", "heard"])
    }
  }

  @Test func lostMessagesAreRepairedByPolling() async throws {
    try await withTwoNodes(heartbeats: false) { first, second, network in
      network.lose(true)
      let expected = (0..<1200).map { "row \($0)" }
      for start in stride(from: 0, to: expected.count, by: 400) {
        try await commit(expected[start..<(start + 400)], to: first)
      }
      try await eventually { second.values.count >= expected.count }
      #expect(second.values == expected)
    }
  }

  private func commit(_ values: ArraySlice<String>, to node: TestNode) async throws {
    for value in values.prefix(3) { try await node.commit(value) }
    let rest = Array(values.dropFirst(3))
    try await node.database.transaction { transaction in
      let answers = try await transaction.queryAll([
        node.lease.fence(), Query(TestRows.draw, [.int(Int64(rest.count))]),
      ])
      let drawn = (0..<answers[1].count).compactMap { answers[1].int($0, 0) }
      _ = try await transaction.queryAll([
        Query(
          TestRows.insert, [.int(Int64(node.lease.writer.raw)), .ints(drawn), .texts(rest)]),
        node.lease.positionUpdate(drawn.last ?? 0),
      ])
    }
  }

  /// As when the answer to a COMMIT was lost: the writer itself does not know of its rows.
  @Test func aCommitThatNobodyReportedIsFoundAllTheSame() async throws {
    try await withTwoNodes { first, second, _ in
      try await first.commit("unreported", report: false)
      try await first.commit("reported")
      try await eventually { second.values.count == 2 && first.values.count == 2 }
      #expect(first.values == ["unreported", "reported"])
      #expect(second.values == ["unreported", "reported"])
    }
  }

  @Test func largeBatchesAreLookedUp() async throws {
    try await withTwoNodes(timing: TestNode.slow) { first, second, _ in
      let large = String(repeating: "x", count: RowsCodec.maximumBytes)
      let position = try await first.commit(large, "small")
      let bus = try #require(first.writer.position == position ? second.reader : nil)
      try await eventually { bus.current.covers(first.lease.writer, position) }
      #expect(second.values == [large, "small"])
    }
  }

  @Test func waitingForAPositionPokesAPoll() async throws {
    var timing = TestNode.slow
    timing.pollWhileAwaited = .milliseconds(10)
    try await withTwoNodes(timing: timing) { first, second, network in
      network.lose(true)
      let position = try await first.commit("a")
      let token = second.reader.current.advanced(first.lease.writer, to: position)
      #expect(await second.reader.waitUntil(covers: token, timeout: .seconds(20)))
      #expect(second.values == ["a"])
      // What is there already needs no waiting.
      #expect(await second.reader.waitUntil(covers: token, timeout: .zero))
      let never = token.advanced(first.lease.writer, to: position + 1)
      #expect(await !second.reader.waitUntil(covers: never, timeout: .milliseconds(50)))
      #expect(!second.reader.isAwaited)
    }
  }

  /// An idle fleet's token is one number, whoever wrote last.
  @Test func idleWritersHoldNobodyBack() async throws {
    try await withTwoNodes { first, second, _ in
      for number in 1...3 {
        let position = try await first.commit("row \(number)")
        for node in [first, second] {
          try await eventually { node.reader.current == VectorToken(minimum: position) }
        }
      }
    }
  }

  @Test func aWriterThatJoinsLaterIsFollowed() async throws {
    try await withTwoNodes { first, second, network in
      try await first.commit("a")
      let third = try await TestNode("third", first.database, bus: network.bus())
      try await third.running {
        try await third.commit("b")
        try await second.commit("c")
        for node in [first, second] {
          // Rows of different writers have no common order.
          try await eventually { node.values.sorted() == ["a", "b", "c"] }
        }
        // It starts where the streams were when it came.
        try await eventually { third.values.sorted() == ["b", "c"] }
      }
    }
  }

  /// A writer that died right after a commit holds nobody back, and its row is not lost.
  @Test func deadWritersAreMovedUp() async throws {
    try await withTwoNodes { first, second, network in
      let dying = try await TestNode("dying", first.database, bus: network.bus())
      try await dying.hub.start()
      try await dying.lease.acquire()
      try await dying.commit("last words", report: false)
      let position = try await first.commit("after")
      try await first.database.runScript(
        """
        UPDATE writer_leases SET expires_at = clock_timestamp()
        WHERE instance_id = \(dying.lease.writer.raw)
        """)
      let housekeeping = StreamsHousekeeping(
        database: first.database, timing: TestNode.quick, logger: TestPostgres.logger)
      try await eventually {
        try await housekeeping.settleDeadWriters()
        return second.reader.current == VectorToken(minimum: position)
      }
      #expect(Set(second.values) == ["last words", "after"])
    }
  }

  @Test func whoJoinsAsksAndIsAnswered() async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      let network = TestNetwork()
      let bus = network.bus()
      let node = try await TestNode("first", database, bus: bus, timing: TestNode.slow)
      try await node.running {
        let position = try await node.commit("a")
        let before = bus.published.count
        network.bus().publish(.replicate(instance: "second"))
        #expect(
          bus.published.dropFirst(before).elementsEqual([
            .position(
              stream: .events, writer: node.lease.writer, previous: position, position: position)
          ]))
        network.bus().publish(.replicate(instance: "first"))
        #expect(bus.published.count == before + 1)
      }
    }
  }

  @Test func malformedRowsAreLookedUp() async throws {
    try await withTwoNodes(timing: TestNode.slow) { first, second, network in
      network.lose(true)
      let position = try await first.commit("a")
      network.lose(false)
      network.bus().publish(
        .rows(
          stream: .events, writer: first.lease.writer, previous: 0, position: position,
          rows: Array("[[1,{}]]".utf8)))
      try await eventually { second.values == ["a"] }
    }
  }
}
