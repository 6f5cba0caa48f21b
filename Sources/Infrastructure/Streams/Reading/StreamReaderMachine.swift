/// Decides what a reader of a stream does: delivers each writer's rows once and in order, and
/// finds out what is missing from the database.
///
/// A writer that is not known yet starts at `floor`: the highest position of the last poll. Its
/// rows all come after it, because it drew its first position from the shared sequence after
/// that poll, or the poll would have shown it.
package struct StreamReaderMachine<Row: Sendable>: Sendable {
  package enum Action: Sendable {
    /// `token` is where the reader is after this batch.
    case deliver(StreamBatch<Row>, token: VectorToken)
    /// Nothing to deliver, but the token reads differently now.
    case settle(token: VectorToken)
    case fetch(StreamGap)
  }

  private struct Progress: Sendable {
    var position: Int64
    /// The highest position that the writer is known to have reached.
    var target: Int64
    var isFetching = false
    /// After a failed fetch the next poll decides, so that a broken database is not hammered.
    var awaitsPoll = false
    /// Batches that came too early, at most `pendingLimit` of them.
    var pending: [StreamBatch<Row>] = []
  }

  /// Batches kept while rows before them are missing; beyond it all are dropped and fetched.
  static var pendingLimit: Int { 128 }
  /// Writers of one stream; further ones are ignored.
  static var writerLimit: Int { VectorToken.writerLimit - 1 }

  private var writers: [WriterID: Progress] = [:]
  /// Where a writer that is not known yet starts.
  private(set) var floor: Int64 = 0
  private var isStarted = false

  package init() {}

  package var token: VectorToken {
    let lowest = writers.values.reduce(floor) { min($0, $1.position) }
    return VectorToken(minimum: lowest, positions: writers.mapValues(\.position))
  }

  /// By how many positions the writer that is furthest behind is behind.
  package var lag: Int64 {
    writers.values.reduce(0) { max($0, $1.target - $1.position) }
  }

  /// Batches that wait for what comes before them.
  package var waiting: Int {
    writers.values.reduce(0) { $0 + $1.pending.count }
  }

  /// Where each known writer is.
  package var positions: [WriterID: Int64] {
    writers.mapValues(\.position)
  }

  /// Whether a message about `position` can be dropped unread.
  package func hasReached(_ writer: WriterID, _ position: Int64) -> Bool {
    guard isStarted else { return true }
    return (writers[writer]?.position ?? floor) >= position
  }

  /// A batch from the writer itself. One whose bounds are equal says nothing about rows.
  package mutating func received(_ batch: StreamBatch<Row>) -> [Action] {
    guard isStarted, var progress = progress(of: batch.writer),
      batch.position > progress.position
    else { return [] }
    progress.target = max(progress.target, batch.position)
    if Self.saysEverything(batch) {
      if progress.pending.count >= Self.pendingLimit { progress.pending.removeAll() }
      progress.pending.append(batch)
    }
    return advance(batch.writer, &progress)
  }

  /// The database's positions: the first of them are where the reader starts.
  package mutating func polled(_ positions: [WriterID: Int64]) -> [Action] {
    let before = token
    defer { isStarted = true }
    var actions: [Action] = []
    for (writer, position) in positions.sorted(by: { $0.key < $1.key }) {
      guard isStarted else {
        writers[writer] = Progress(position: position, target: position)
        continue
      }
      guard var progress = progress(of: writer) else { continue }
      progress.awaitsPoll = false
      progress.target = max(progress.target, position)
      actions += advance(writer, &progress)
    }
    floor = max(floor, positions.values.max() ?? 0)
    let after = token
    if after != before { actions.append(.settle(token: after)) }
    return actions
  }

  /// What the database has of a gap, up to `reached`.
  package mutating func fetched(
    _ gap: StreamGap, rows: [StreamRow<Row>], reached: Int64
  ) -> [Action] {
    guard var progress = writers[gap.writer] else { return [] }
    progress.isFetching = false
    let batch = StreamBatch(
      writer: gap.writer, previous: gap.after, position: reached, rows: rows)
    if reached > progress.position { progress.pending.append(batch) }
    return advance(gap.writer, &progress)
  }

  package mutating func fetchFailed(_ gap: StreamGap) {
    writers[gap.writer]?.isFetching = false
    writers[gap.writer]?.awaitsPoll = true
  }

  private func progress(of writer: WriterID) -> Progress? {
    if let known = writers[writer] { return known }
    return writers.count < Self.writerLimit ? Progress(position: floor, target: floor) : nil
  }

  /// Delivers what follows without a gap, then asks for what is missing.
  private mutating func advance(_ writer: WriterID, _ progress: inout Progress) -> [Action] {
    var actions: [Action] = []
    while let next = Self.takeNext(&progress) {
      let rows = next.rows.filter { $0.position > progress.position }
      let batch = StreamBatch(
        writer: writer, previous: progress.position, position: next.position, rows: rows)
      progress.position = next.position
      writers[writer] = progress
      actions.append(.deliver(batch, token: token))
    }
    if progress.target > progress.position, !progress.isFetching, !progress.awaitsPoll {
      progress.isFetching = true
      let known = progress.pending.map(\.previous).min() ?? progress.target
      actions.append(
        .fetch(StreamGap(writer: writer, after: progress.position, upTo: known)))
    }
    writers[writer] = progress
    return actions
  }

  /// A pending batch that continues or overlaps what was delivered; drops those that are old.
  private static func takeNext(_ progress: inout Progress) -> StreamBatch<Row>? {
    let position = progress.position
    progress.pending.removeAll { $0.position <= position }
    guard let index = progress.pending.firstIndex(where: { $0.previous <= position }) else {
      return nil
    }
    return progress.pending.remove(at: index)
  }

  /// False for a batch that makes no claim, and for one whose rows contradict its bounds.
  private static func saysEverything(_ batch: StreamBatch<Row>) -> Bool {
    guard batch.previous < batch.position else { return false }
    var last = batch.previous
    for row in batch.rows {
      guard row.position > last else { return false }
      last = row.position
    }
    return last <= batch.position
  }
}

/// Positions of one writer, `(after, upTo]`, whose rows a reader has to look up.
package struct StreamGap: Sendable, Hashable {
  package let writer: WriterID
  package let after: Int64
  package let upTo: Int64

  package init(writer: WriterID, after: Int64, upTo: Int64) {
    self.writer = writer
    self.after = after
    self.upTo = upTo
  }
}
