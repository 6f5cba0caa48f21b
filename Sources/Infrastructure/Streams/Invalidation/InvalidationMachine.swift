/// Decides what the polled invalidations mean.
///
/// Their ids are drawn before they commit, so they become visible out of order; what orders them
/// for a reader is the database's horizon: all transactions below it have ended. Each poll asks
/// for the rows of transactions from the previous poll's horizon on, of which some were seen
/// before.
struct InvalidationMachine: Sendable {
  struct Entry: Sendable, Equatable {
    let id: Int64
    /// Nil for a cache that this version does not know.
    let cache: CacheName?
    let keys: [String]
  }

  struct Page: Sendable {
    /// The lowest transaction id that was still under way.
    let horizon: Int64
    /// The database's clock, milliseconds.
    let time: Int64
    /// By id.
    let entries: [Entry]
  }

  /// What to ask for.
  struct Cursor: Sendable, Equatable {
    /// Nil asks for no entries, just for the horizon.
    let horizon: Int64?
    let afterID: Int64
  }

  enum Action: Sendable, Equatable {
    case invalidate(CacheName, [String])
    case dropEverything
  }

  /// Entries of one page.
  static let pageLimit = 1000
  /// Entries of one poll; if there are more it is cheaper to drop everything.
  static let pollLimit = 10_000
  /// After a longer pause between polls, milliseconds, everything is dropped; rows live longer.
  static let longestPause: Int64 = 10 * 60 * 1000

  private var horizon: Int64?
  private var lastTime: Int64?
  /// Ids of this and of the previous poll.
  private var seen: Set<Int64> = []
  private var previouslySeen: Set<Int64> = []
  /// The horizon of the first page of the poll under way.
  private var nextHorizon: Int64?

  /// What the next poll asks for first.
  var start: Cursor {
    Cursor(horizon: horizon, afterID: 0)
  }

  /// - Returns: what to do, and what to ask for next if the poll is not complete.
  mutating func received(_ page: Page) -> (actions: [Action], next: Cursor?) {
    let isFirstPage = nextHorizon == nil
    nextHorizon = nextHorizon ?? page.horizon
    if isFirstPage, let lastTime, page.time - lastTime > Self.longestPause {
      finish(at: page.time)
      return ([.dropEverything], nil)
    }
    var actions: [Action] = []
    for entry in page.entries where seen.insert(entry.id).inserted {
      guard !previouslySeen.contains(entry.id), let cache = entry.cache else { continue }
      actions.append(.invalidate(cache, entry.keys))
    }
    if let last = page.entries.last, page.entries.count >= Self.pageLimit {
      guard seen.count < Self.pollLimit else {
        finish(at: page.time)
        return ([.dropEverything], nil)
      }
      return (actions, Cursor(horizon: horizon, afterID: last.id))
    }
    finish(at: page.time)
    return (actions, nil)
  }

  private mutating func finish(at time: Int64) {
    horizon = nextHorizon
    nextHorizon = nil
    lastTime = time
    previouslySeen = seen
    seen = []
  }
}
