import Testing

@testable import Streams

@Suite struct StreamWriterMachineTests {
  static let me = WriterID(raw: 1)

  static func rows(_ positions: Int64...) -> [StreamRow<Int>] {
    positions.map { StreamRow(position: $0, row: Int($0)) }
  }

  static func batch(
    _ previous: Int64, _ position: Int64, _ rows: [StreamRow<Int>] = []
  ) -> StreamBatch<Int> {
    StreamBatch(writer: me, previous: previous, position: position, rows: rows)
  }

  @Test func batchesFollowEachOther() {
    var machine = StreamWriterMachine<Int>(position: 10)
    #expect(
      machine.committed(Self.rows(12, 13), attempts: 1, writer: Self.me)
        == Self.batch(10, 13, Self.rows(12, 13)))
    #expect(
      machine.committed(Self.rows(20), attempts: 1, writer: Self.me)
        == Self.batch(13, 20, Self.rows(20)))
    #expect(machine.position == 20)
  }

  /// The batch before may have been committed although nobody said so.
  @Test func afterAnUnreportedAttemptThereIsNoClaim() {
    var machine = StreamWriterMachine<Int>(position: 10)
    #expect(
      machine.committed(Self.rows(15), attempts: 2, writer: Self.me) == Self.batch(15, 15))
    #expect(
      machine.committed(Self.rows(17), attempts: 1, writer: Self.me)
        == Self.batch(15, 17, Self.rows(17)))
  }

  @Test func movingUpWhileIdleClaimsThatThereAreNoRows() {
    var machine = StreamWriterMachine<Int>(position: 10)
    #expect(machine.settled(at: 30, attempts: 0, writer: Self.me) == Self.batch(10, 30))
    #expect(machine.quietSince == 10)
    #expect(machine.position == 30)
    // Whoever missed the announcement can still be served without a look-up.
    #expect(
      machine.committed(Self.rows(31), attempts: 1, writer: Self.me)
        == Self.batch(10, 31, Self.rows(31)))
    #expect(machine.settled(at: 20, attempts: 0, writer: Self.me) == nil)
  }

  /// The transaction may have ended before the database moved the position up, and not be
  /// reported yet: its rows are looked up.
  @Test func movingUpWithAnOpenAttemptMakesNoClaim() {
    var machine = StreamWriterMachine<Int>(position: 10)
    #expect(machine.settled(at: 30, attempts: 1, writer: Self.me) == Self.batch(30, 30))
    #expect(machine.committed(Self.rows(25), attempts: 1, writer: Self.me) == nil)
    #expect(machine.position == 30)
    #expect(
      machine.committed(Self.rows(31), attempts: 1, writer: Self.me)
        == Self.batch(30, 31, Self.rows(31)))
  }

  @Test func aRestartNeverGoesBack() {
    var machine = StreamWriterMachine<Int>(position: 10)
    #expect(machine.restarted(at: 40, writer: Self.me) == Self.batch(40, 40))
    #expect(machine.restarted(at: 5, writer: Self.me) == Self.batch(40, 40))
  }
}
