import Testing

@testable import Streams

@Suite struct StreamReaderMachineTests {
  typealias Machine = StreamReaderMachine<Int>

  static func id(_ raw: Int32) -> WriterID { WriterID(raw: raw) }

  static func batch(
    _ writer: Int32, _ previous: Int64, _ position: Int64, _ rows: Int64...
  ) -> StreamBatch<Int> {
    StreamBatch(
      writer: id(writer), previous: previous, position: position,
      rows: rows.map { StreamRow(position: $0, row: Int($0)) })
  }

  /// What a machine did, in short: `2:10>12[11,12] @10~2.12`, `fetch 2:12>20`, `@20`.
  static func text(_ actions: [Machine.Action]) -> [String] {
    actions.map { action in
      switch action {
      case .deliver(let batch, let token):
        let rows = batch.rows.map { String($0.position) }.joined(separator: ",")
        return "\(batch.writer):\(batch.previous)>\(batch.position)[\(rows)] @\(token)"
      case .settle(let token):
        return "@\(token)"
      case .fetch(let gap):
        return "fetch \(gap.writer):\(gap.after)>\(gap.upTo)"
      }
    }
  }

  /// Writers 1 and 2, both at 10.
  static func started() -> Machine {
    var machine = Machine()
    _ = machine.polled([id(1): 10, id(2): 10])
    return machine
  }

  @Test func beforeTheFirstPollEverythingIsIgnored() {
    var machine = Machine()
    #expect(machine.hasReached(Self.id(1), 5))
    #expect(machine.received(Self.batch(1, 0, 5, 5)).isEmpty)
    #expect(Self.text(machine.polled([Self.id(1): 7, Self.id(2): 9])) == ["@7~2.9"])
  }

  @Test func inStepNothingIsLookedUp() {
    var machine = Self.started()
    #expect(
      Self.text(machine.received(Self.batch(2, 10, 12, 11, 12))) == ["2:10>12[11,12] @10~2.12"])
    #expect(Self.text(machine.received(Self.batch(1, 10, 13, 13))) == ["1:10>13[13] @10~1.13~2.12"])
    #expect(Self.text(machine.received(Self.batch(2, 12, 14))) == ["2:12>14[] @10~1.13~2.14"])
    // The next poll shows that nobody else has registered meanwhile.
    #expect(Self.text(machine.polled([Self.id(1): 13, Self.id(2): 14])) == ["@13~2.14"])
  }

  @Test func repeatedAndOverlappingBatchesAreTrimmed() {
    var machine = Self.started()
    _ = machine.received(Self.batch(2, 10, 12, 11, 12))
    #expect(machine.received(Self.batch(2, 10, 12, 11, 12)).isEmpty)
    #expect(machine.received(Self.batch(2, 10, 11, 11)).isEmpty)
    #expect(Self.text(machine.received(Self.batch(2, 11, 15, 12, 15))) == ["2:12>15[15] @10~2.15"])
    #expect(machine.hasReached(Self.id(2), 15))
    #expect(!machine.hasReached(Self.id(2), 16))
  }

  @Test func aGapIsFetchedOnceAndWhatCameEarlyFollows() {
    var machine = Self.started()
    #expect(Self.text(machine.received(Self.batch(2, 14, 16, 16))) == ["fetch 2:10>14"])
    #expect(machine.received(Self.batch(2, 16, 18, 18)).isEmpty)
    let gap = StreamGap(writer: Self.id(2), after: 10, upTo: 14)
    let actions = machine.fetched(gap, rows: Self.batch(2, 0, 0, 11, 14).rows, reached: 14)
    #expect(
      Self.text(actions) == [
        "2:10>14[11,14] @10~2.14", "2:14>16[16] @10~2.16", "2:16>18[18] @10~2.18",
      ])
  }

  @Test func whatIsMissingIsCounted() {
    var machine = Self.started()
    #expect(machine.lag == 0 && machine.waiting == 0)
    _ = machine.received(Self.batch(2, 14, 16, 16))
    _ = machine.received(Self.batch(2, 16, 18, 18))
    _ = machine.polled([Self.id(1): 13])
    #expect(machine.lag == 8 && machine.waiting == 2)
    _ = machine.fetched(
      StreamGap(writer: Self.id(2), after: 10, upTo: 14),
      rows: Self.batch(2, 0, 0, 11, 14).rows, reached: 14)
    #expect(machine.lag == 3 && machine.waiting == 0)
    _ = machine.fetched(
      StreamGap(writer: Self.id(1), after: 10, upTo: 13), rows: [], reached: 13)
    #expect(machine.lag == 0)
  }

  @Test func aMissingBatchThatComesLateMakesTheFetchedRowsOld() {
    var machine = Self.started()
    _ = machine.received(Self.batch(2, 14, 16, 16))
    #expect(
      Self.text(machine.received(Self.batch(2, 10, 14, 11))) == [
        "2:10>14[11] @10~2.14", "2:14>16[16] @10~2.16",
      ])
    let gap = StreamGap(writer: Self.id(2), after: 10, upTo: 14)
    #expect(machine.fetched(gap, rows: Self.batch(2, 0, 0, 11).rows, reached: 14).isEmpty)
  }

  @Test func aPositionWithoutAClaimIsLookedUp() {
    var machine = Self.started()
    #expect(Self.text(machine.received(Self.batch(2, 20, 20))) == ["fetch 2:10>20"])
    let gap = StreamGap(writer: Self.id(2), after: 10, upTo: 20)
    let page = machine.fetched(gap, rows: Self.batch(2, 0, 0, 11).rows, reached: 11)
    #expect(Self.text(page) == ["2:10>11[11] @10~2.11", "fetch 2:11>20"])
  }

  @Test(arguments: [
    batch(2, 10, 14, 10), batch(2, 10, 14, 15), batch(2, 10, 14, 12, 12), batch(2, 10, 14, 13, 12),
    batch(2, 15, 14),
  ])
  func aBatchThatContradictsItselfIsLookedUp(batch: StreamBatch<Int>) {
    var machine = Self.started()
    #expect(Self.text(machine.received(batch)) == ["fetch 2:10>14"])
  }

  @Test func afterAFailedLookUpTheNextPollTriesAgain() {
    var machine = Self.started()
    _ = machine.received(Self.batch(2, 20, 20))
    machine.fetchFailed(StreamGap(writer: Self.id(2), after: 10, upTo: 20))
    #expect(machine.received(Self.batch(2, 21, 21)).isEmpty)
    #expect(Self.text(machine.polled([Self.id(1): 10, Self.id(2): 10])) == ["fetch 2:10>21"])
  }

  /// The minimum must not run ahead of a writer that is not known here yet.
  @Test func aNewWriterStartsAtTheLastPollsHighestPosition() {
    var machine = Self.started()
    _ = machine.received(Self.batch(1, 10, 30, 30))
    #expect(Self.text(machine.received(Self.batch(2, 10, 31, 31))) == ["2:10>31[31] @10~1.30~2.31"])
    #expect(
      Self.text(machine.received(Self.batch(3, 10, 20, 20))) == ["3:10>20[20] @10~1.30~2.31~3.20"])
    let polled = machine.polled([Self.id(1): 30, Self.id(2): 31, Self.id(3): 20, Self.id(4): 25])
    #expect(
      Self.text(polled) == ["fetch 4:10>25", "@10~1.30~2.31~3.20"].filter { !$0.hasPrefix("@") })
    #expect(machine.token.description == "10~1.30~2.31~3.20")
    let gap = StreamGap(writer: Self.id(4), after: 10, upTo: 25)
    #expect(
      Self.text(machine.fetched(gap, rows: [], reached: 25)) == ["4:10>25[] @20~1.30~2.31~4.25"])
  }

  @Test func batchesBeyondTheLimitAreDroppedAndFetched() {
    var machine = Self.started()
    for number in 0...Int64(Machine.pendingLimit) {
      let previous = 20 + number * 2
      _ = machine.received(Self.batch(2, previous, previous + 2, previous + 1))
    }
    // Only the last batch was kept.
    let last = 20 + Int64(Machine.pendingLimit) * 2
    let gap = StreamGap(writer: Self.id(2), after: 10, upTo: 20)
    let actions = machine.fetched(gap, rows: [], reached: 20)
    #expect(Self.text(actions) == ["2:10>20[] @10~2.20", "fetch 2:20>\(last)"])
  }

  @Test func writersBeyondTheLimitAreIgnored() {
    var machine = Machine()
    let limit = Int32(Machine.writerLimit)
    _ = machine.polled(
      Dictionary(uniqueKeysWithValues: (1...limit).map { (Self.id($0), 5) }))
    #expect(machine.received(Self.batch(limit + 1, 5, 9, 9)).isEmpty)
    #expect(machine.polled([Self.id(limit + 1): 9]).count <= 1)
    #expect(machine.positions.count == Int(limit))
    let token = machine.token
    #expect(VectorToken(token.description) == token)
  }
}
