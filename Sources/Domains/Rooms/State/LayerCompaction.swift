/// When layers are put together, as in a log-structured merge tree: the chain of layers under a
/// state stays short, and yet a change is written again only a few times, once for each order of
/// magnitude of the layers' sizes.
enum LayerCompaction {
  /// Layers of one order of magnitude that may lie upon each other.
  static let fanOut = 8
  /// The size, in edits, from which on the orders of magnitude are counted.
  private static let unit = SnapshotID.changesPerLayer

  /// How many of the layers to replace by one; 0 when their number is in order.
  /// - Parameter sizes: in edits, of the topmost layer first.
  static func countToMerge(_ sizes: [Int]) -> Int {
    let levels = sizes.map(level)
    var (merged, level) = (0, 0)
    while true {
      let run = levels.prefix { $0 <= level }.count
      // Those that are to be merged anyway will be one.
      guard run - merged + min(merged, 1) >= fanOut else { return merged }
      (merged, level) = (run, level + 1)
    }
  }

  private static func level(_ size: Int) -> Int {
    var (level, limit) = (0, unit * fanOut)
    while size >= limit {
      level += 1
      limit *= fanOut
    }
    return level
  }
}
