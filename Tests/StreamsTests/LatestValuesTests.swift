import Executors
import TestKit
import Testing

@testable import Streams

@Suite struct LatestValuesMachineTests {
  private func entry(_ position: Int64, _ value: String?) -> LatestValuesMachine.Entry {
    .init(position: position, value: value.map { Array($0.utf8) })
  }

  /// Expectations cannot change a value, but what an object holds.
  private final class Box {
    var machine = LatestValuesMachine()

    func receive(_ key: String, _ entry: LatestValuesMachine.Entry, after previous: Int64) -> Bool {
      machine.received([(key, entry)], previous: previous, position: entry.position)
    }
  }

  @Test func changesInOrderAreTaken() {
    let box = Box()
    #expect(box.receive("a", entry(5, "1"), after: 0))
    #expect(box.receive("a", entry(6, nil), after: 5))
    #expect(box.machine.value(of: "a") == nil)
    #expect(box.machine.changes(since: 5, upTo: 6).map(\.key) == ["a"])
    #expect(box.machine.changes(since: 6, upTo: 6).isEmpty)
  }

  @Test func aGapIsNoticedAndNothingOldIsTaken() {
    let box = Box()
    #expect(box.receive("a", entry(5, "1"), after: 0))
    #expect(!box.receive("a", entry(9, "2"), after: 8))
    #expect(box.receive("a", entry(4, "0"), after: 3))
    #expect(box.machine.value(of: "a") == Array("1".utf8))
    #expect(box.machine.position == 5)
  }

  @Test func aSnapshotTellsWhatIsDifferent() {
    let box = Box()
    for (index, key) in ["kept", "changed", "gone"].enumerated() {
      let position = Int64(index + 1)
      #expect(box.receive(key, entry(position, "1"), after: position - 1))
    }
    let changed = box.machine.replaced(
      by: ["kept": entry(1, "1"), "changed": entry(7, "2"), "new": entry(8, "1")], position: 9)
    #expect(changed.sorted() == ["changed", "gone", "new"])
    #expect(box.machine.value(of: "gone") == nil)
    #expect(
      Set(box.machine.changes(since: 3, upTo: 9).map(\.key)) == ["changed", "gone", "new"])
    let again = box.machine.replaced(by: [:], position: 9)
    #expect(again.isEmpty)
  }

  /// What changed is found as if all entries were looked at, however often keys have changed.
  @Test(arguments: 0..<10 as Range<UInt64>) func changesAreThoseOfTheEntries(seed: UInt64) throws {
    var (machine, random) = (LatestValuesMachine(), SeededRandom(seed))
    for position in Int64(1)...1_000 {
      let key = "k\(Int.random(in: 0..<20, using: &random))"
      let value = Bool.random(using: &random) ? "\(position)" : nil
      let isInStep = machine.received(
        [(key, entry(position, value))], previous: position - 1, position: position)
      try #require(isInStep)
      let since = Int64.random(in: 0...position, using: &random)
      let now = Int64.random(in: since...position, using: &random)
      let found = machine.changes(since: since, upTo: now)
      let wanted = machine.all.filter { $0.value.position > since && $0.value.position <= now }
      #expect(found.count == wanted.count)
      #expect(Dictionary(found.map { ($0.key, $0.entry) }) { $1 } == wanted)
    }
  }
}

@Suite struct LatestValuesTests {
  /// The writer of a stream and one that follows it, on one network.
  private func withPair(
    _ body:
      @Sendable (_ writer: LatestValues, _ reader: LatestValues, TestNetwork) async throws
      -> Void
  ) async throws {
    let (network, local, clock) = (TestNetwork(), LocalOwner(), ManualClock(1_000_000))
    try await TestLoop.run {
      let writer = LatestValues(
        .typing, writer: WriterID(raw: 1), bus: network.bus(), owner: local, clock: clock)
      let reader = LatestValues(
        .typing, writer: nil, bus: network.bus(), owner: local, clock: clock)
      writer.register(in: local)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await writer.run() }
        group.addTask { await reader.run() }
        defer { group.cancelAll() }
        try await body(writer, reader, network)
      }
    }
  }

  @Test func aReaderFollowsItsWriter() async throws {
    try await withPair { writer, reader, _ in
      writer.set("room", to: Array("[1]".utf8))
      try await eventually { reader.value(of: "room") == Array("[1]".utf8) }
      writer.set("room", to: nil)
      try await eventually { reader.position == writer.position }
      #expect(reader.value(of: "room") == nil)
    }
  }

  @Test func manyKeysAreSetAtOnceAndToldAgainOnlyOnDemand() async throws {
    try await withPair { writer, reader, _ in
      let values = (0..<1_200).map { (key: "k\($0)", value: Optional(Array("1".utf8))) }
      writer.set(values)
      try await eventually { reader.entries.count == values.count }
      let position = writer.position
      writer.set(values)
      #expect(writer.position == position)
      writer.set([values[7]], evenIfEqual: true)
      try await eventually { reader.position > position }
      #expect(reader.changes(since: position, upTo: reader.position).map(\.key) == ["k7"])
    }
  }

  /// A token from another worker is reached even when every message was lost.
  @Test func whatWasMissedIsAskedFor() async throws {
    try await withPair { writer, reader, network in
      try await eventually { reader.position == writer.position }
      network.lose(true)
      writer.set("room", to: Array("[1]".utf8))
      #expect(await reader.waitUntil(covers: writer.position))
      #expect(reader.value(of: "room") == Array("[1]".utf8))
    }
  }
}
