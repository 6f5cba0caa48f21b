import TestKit

@testable import Streams

/// Several writers and readers over one database and a bus that loses, repeats, delays and
/// reorders; every step is drawn from the seed.
struct SimulatedFleet {
  typealias Rows = [StreamRow<Int>]

  struct Writer {
    var machine: StreamWriterMachine<Int>
    var attempts = 0
    /// Positions of the transaction under way, and whether it is committed.
    var transaction: (positions: [Int64], isCommitted: Bool)?
    /// The answer to a move up of the idle position that has not arrived yet.
    var settling: Int64?
  }

  struct Reader {
    var machine = StreamReaderMachine<Int>()
    var isConnected = true
    var inbox: [StreamBatch<Int>] = []
    var fetches: [StreamGap] = []
    var polled: [WriterID: Int64]?
    var start: VectorToken?
    var visible = VectorToken(minimum: 0)
    var delivered: [WriterID: [Int64]] = [:]
    var reached: [WriterID: Int64] = [:]
  }

  /// Rows of one look-up.
  static let page = 3

  var random: SeededRandom
  var problems: [String] = []
  // The database.
  var sequence: Int64 = 0
  var committed: [WriterID: [Int64]] = [:]
  var positions: [WriterID: Int64] = [:]

  var writers: [WriterID: Writer] = [:]
  var readers: [Reader]

  init(seed: UInt64, readers count: Int) {
    random = SeededRandom(seed)
    readers = Array(repeating: Reader(), count: count)
  }

  mutating func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<3: addOrRestartWriter()
    case 3..<30: work()
    case 30..<34: settle()
    case 34..<38: announce()
    case 38..<70: deliverMessage()
    case 70..<82: finishFetch(mayFail: true)
    case 82..<90: poll()
    case 90..<94: toggleConnection()
    default: disturbInbox()
    }
  }

  /// The bus falls silent and the writers stop; polls have to repair everything.
  mutating func comeToRest() {
    for writer in writers.keys.sorted() { endTransaction(writer) }
    for index in readers.indices { readers[index].inbox = [] }
    for _ in 0..<10 {
      for index in readers.indices {
        readers[index].polled = nil
        takePoll(index, positions)
      }
      while readers.contains(where: { !$0.fetches.isEmpty }) { finishFetch(mayFail: false) }
    }
  }
}

// Writers.
extension SimulatedFleet {
  private mutating func anyWriter() -> WriterID? {
    writers.keys.sorted().randomElement(using: &random)
  }

  /// A process starts: a new one, or one that was killed at any point.
  private mutating func addOrRestartWriter() {
    let id = WriterID(raw: .random(in: 1...5, using: &random))
    // The lease is taken when the earlier transaction has ended, one way or the other.
    if random.chance(50) { commit(id) }
    positions[id] = max(positions[id] ?? 0, sequence)
    var machine = StreamWriterMachine<Int>(position: 0)
    let batch = machine.restarted(at: sequence, writer: id)
    writers[id] = Writer(machine: machine)
    send(batch)
  }

  /// One step of a writer's transaction: begin, end in the database, or hear of the end.
  private mutating func work() {
    guard let id = anyWriter(), let transaction = writers[id]?.transaction else {
      return begin()
    }
    switch (transaction.isCommitted, Int.random(in: 0..<10, using: &random)) {
    case (false, 0):
      writers[id]?.transaction = nil
    case (false, _):
      commit(id)
    case (true, 0):
      // It never hears that it was committed.
      writers[id]?.transaction = nil
    case (true, _):
      report(id, transaction.positions)
    }
  }

  private mutating func begin() {
    guard let id = anyWriter(), writers[id]?.transaction == nil else { return }
    writers[id]?.attempts += 1
    let count = Int64.random(in: 0...3, using: &random)
    let drawn = (0..<count).map { sequence + 1 + $0 }
    sequence += count
    writers[id]?.transaction = (drawn, false)
  }

  private mutating func commit(_ id: WriterID) {
    guard let transaction = writers[id]?.transaction, !transaction.isCommitted else { return }
    for position in transaction.positions {
      for reader in readers where reader.visible.covers(id, position) && reader.start != nil {
        problems.append("row \(position) of \(id) committed behind \(reader.visible)")
      }
    }
    committed[id, default: []] += transaction.positions
    positions[id] = max(positions[id] ?? 0, transaction.positions.last ?? 0)
    writers[id]?.transaction?.isCommitted = true
  }

  private mutating func report(_ id: WriterID, _ drawn: [Int64]) {
    guard var writer = writers[id] else { return }
    writer.transaction = nil
    guard !drawn.isEmpty else {
      writer.attempts -= 1
      writers[id] = writer
      return
    }
    let rows = drawn.map { StreamRow(position: $0, row: Int($0)) }
    let batch = writer.machine.committed(rows, attempts: writer.attempts, writer: id)
    writer.attempts = 0
    writers[id] = writer
    if let batch { send(batch) }
  }

  private mutating func endTransaction(_ id: WriterID) {
    commit(id)
    writers[id]?.transaction = nil
  }

  /// The database moves an idle writer up, or the writer hears of it.
  private mutating func settle() {
    guard let id = anyWriter(), var writer = writers[id] else { return }
    if let reached = writer.settling {
      writer.settling = nil
      let batch = writer.machine.settled(at: reached, attempts: writer.attempts, writer: id)
      writers[id] = writer
      if let batch { send(batch) }
    } else if writer.transaction?.isCommitted ?? true {
      positions[id] = max(positions[id] ?? 0, sequence)
      writers[id]?.settling = sequence
    }
  }

  private mutating func announce() {
    guard let id = anyWriter(), let machine = writers[id]?.machine else { return }
    send(
      StreamBatch(
        writer: id, previous: machine.quietSince, position: machine.position, rows: []))
  }
}

// The bus.
extension SimulatedFleet {
  private mutating func send(_ batch: StreamBatch<Int>) {
    for index in readers.indices where readers[index].isConnected && !random.chance(15) {
      readers[index].inbox.append(batch)
      if random.chance(10) { readers[index].inbox.append(batch) }
    }
  }

  private mutating func anyReader() -> Int {
    Int.random(in: readers.indices, using: &random)
  }

  private mutating func deliverMessage() {
    let index = anyReader()
    guard !readers[index].inbox.isEmpty else { return }
    let batch = readers[index].inbox.removeFirst()
    input(index) { $0.received(batch) }
  }

  private mutating func disturbInbox() {
    let index = anyReader()
    guard readers[index].inbox.count > 1 else { return }
    if random.chance(50) {
      readers[index].inbox.shuffle(using: &random)
    } else {
      readers[index].inbox.removeLast()
    }
  }

  private mutating func toggleConnection() {
    let index = anyReader()
    readers[index].isConnected.toggle()
    if !readers[index].isConnected { readers[index].inbox = [] }
  }
}

// Readers.
extension SimulatedFleet {
  /// What the database answered arrives some steps later.
  private mutating func poll() {
    let index = anyReader()
    if let answer = readers[index].polled {
      readers[index].polled = nil
      takePoll(index, answer)
    } else {
      readers[index].polled = positions
    }
  }

  private mutating func takePoll(_ index: Int, _ answer: [WriterID: Int64]) {
    input(index) { $0.polled(answer) }
    readers[index].start = readers[index].start ?? readers[index].machine.token
  }

  private mutating func finishFetch(mayFail: Bool) {
    let index = mayFail ? anyReader() : (readers.firstIndex { !$0.fetches.isEmpty } ?? 0)
    guard !readers[index].fetches.isEmpty else { return }
    let gap = readers[index].fetches.removeFirst()
    if mayFail, random.chance(20) { return readers[index].machine.fetchFailed(gap) }
    let found = (committed[gap.writer] ?? []).filter { $0 > gap.after && $0 <= gap.upTo }
    let rows = found.prefix(Self.page).map { StreamRow(position: $0, row: Int($0)) }
    let reached = rows.count == Self.page ? (rows.last?.position ?? 0) : gap.upTo
    input(index) { $0.fetched(gap, rows: rows, reached: reached) }
  }

  private mutating func input(
    _ index: Int, _ input: (inout StreamReaderMachine<Int>) -> [StreamReaderMachine<Int>.Action]
  ) {
    let actions = input(&readers[index].machine)
    for action in actions {
      switch action {
      case .deliver(let batch, let token):
        check(batch, index)
        readers[index].delivered[batch.writer, default: []] += batch.rows.map(\.position)
        readers[index].reached[batch.writer] = batch.position
        move(index, to: token)
      case .settle(let token):
        move(index, to: token)
      case .fetch(let gap):
        if readers[index].fetches.contains(where: { $0.writer == gap.writer }) {
          problems.append("two look-ups of \(gap.writer) at once")
        }
        readers[index].fetches.append(gap)
      }
    }
  }

  private mutating func check(_ batch: StreamBatch<Int>, _ index: Int) {
    let last = readers[index].reached[batch.writer] ?? batch.previous
    if batch.previous != last || batch.position <= batch.previous {
      problems.append("\(batch) after \(last)")
    }
  }

  private mutating func move(_ index: Int, to token: VectorToken) {
    if !readers[index].visible.isCovered(by: token) {
      problems.append("token went back from \(readers[index].visible) to \(token)")
    }
    readers[index].visible = token
    if readers[index].start == nil { readers[index].start = token }
    // Everything that the token stands for has been delivered.
    guard let start = readers[index].start else { return }
    for (writer, rows) in committed {
      let due = rows.filter {
        $0 > start.position(of: writer) && token.covers(writer, $0)
      }
      if due != readers[index].delivered[writer] ?? [] {
        problems.append("at \(token) writer \(writer): \(due) is not what was delivered")
      }
    }
  }
}
