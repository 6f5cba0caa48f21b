/// For each node that was reached, the forks from which: a row of bits.
struct ForkReach {
  private let forks: Int
  private let wordsPerRow: Int
  private var rows: [Int32: Int] = [:]
  private var words: [UInt64] = []

  init(forks: Int) {
    self.forks = forks
    wordsPerRow = (forks + UInt64.bitWidth - 1) / UInt64.bitWidth
  }

  func contains(_ position: Int32) -> Bool {
    rows[position] != nil
  }

  /// Where the node's row begins: an empty one when it is new.
  mutating func row(of position: Int32) -> Int {
    if let row = rows[position] { return row }
    let row = words.count
    rows[position] = row
    words.append(contentsOf: repeatElement(0, count: wordsPerRow))
    return row
  }

  func isFull(_ row: Int) -> Bool {
    words[row..<row + wordsPerRow].reduce(0) { $0 + $1.nonzeroBitCount } == forks
  }

  mutating func insert(_ fork: Int, at row: Int) {
    words[row + fork / UInt64.bitWidth] |= 1 << UInt64(fork % UInt64.bitWidth)
  }

  mutating func merge(_ source: Int, into row: Int) {
    for word in 0..<wordsPerRow { words[row + word] |= words[source + word] }
  }
}
