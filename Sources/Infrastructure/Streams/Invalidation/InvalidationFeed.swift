package import Postgres
import Synchronization

/// Tells every process which entries of its in-memory caches are out of date. A change records
/// its invalidation in its own transaction, so it cannot be lost, and announces it after the
/// commit, so it is quick. Invalidating twice does no harm.
package final class InvalidationFeed: Sendable {
  /// Nil stands for all keys.
  package typealias Handler = @Sendable (_ keys: [String]?) -> Void

  /// How long a recorded invalidation is kept for processes that have not seen it yet.
  static let rowLifetime = Duration.seconds(3600)

  private static let record = Statement(
    "streams_invalidate", "INSERT INTO cache_invalidations (cache, keys) VALUES ($1, $2)")
  private static let page = Statement(
    "streams_invalidations",
    """
    SELECT s.horizon, s.now, c.id, c.cache, c.keys
    FROM (
      SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon,
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now
    ) s
    LEFT JOIN (
      SELECT id, cache, keys FROM cache_invalidations
      WHERE xid >= $1::text::xid8 AND id > $2
      ORDER BY id LIMIT $3
    ) c ON true
    ORDER BY c.id
    """)
  /// A transaction id that no transaction reaches.
  private static let noTransaction = "18446744073709551615"

  private struct State {
    var machine = InvalidationMachine()
    var handlers: [CacheName: [Handler]] = [:]
  }

  private let bus: any ReplicationBus
  private let state = Mutex(State())

  init(bus: any ReplicationBus) {
    self.bus = bus
  }

  /// The statement that records a change of cached data, for the transaction that makes it.
  package static func statement(_ cache: CacheName, _ keys: [String]) -> Query {
    Query(record, [.text(cache.rawValue), .texts(keys)])
  }

  /// Invalidates here, and in the other processes as soon as they hear of it.
  package func announce(_ cache: CacheName, _ keys: [String]) {
    received(cache, keys)
    guard bus.hasPeers else { return }
    bus.publish(.invalidate(cache: cache, keys: keys))
  }

  package func onInvalidate(_ cache: CacheName, _ handler: @escaping Handler) {
    state.withLock { $0.handlers[cache, default: []].append(handler) }
  }

  func received(_ cache: CacheName, _ keys: [String]) {
    run(.invalidate(cache, keys))
  }

  /// What the next poll asks for.
  var query: Query {
    Self.query(state.withLock { $0.machine.start })
  }

  /// - Returns: what to ask for next if there is more.
  func polled(_ rows: Rows) -> Query? {
    guard let page = Self.read(rows) else { return nil }
    let (actions, next) = state.withLock { $0.machine.received(page) }
    for action in actions { run(action) }
    return next.map(Self.query)
  }

  private func run(_ action: InvalidationMachine.Action) {
    let handlers = state.withLock { $0.handlers }
    switch action {
    case .invalidate(let cache, let keys):
      for handler in handlers[cache] ?? [] { handler(keys) }
    case .dropEverything:
      for handler in handlers.values.joined() { handler(nil) }
    }
  }

  private static func query(_ cursor: InvalidationMachine.Cursor) -> Query {
    let horizon = cursor.horizon.map { String($0) } ?? noTransaction
    return Query(
      page,
      [.text(horizon), .int(cursor.afterID), .int(Int64(InvalidationMachine.pageLimit))])
  }

  private static func read(_ rows: Rows) -> InvalidationMachine.Page? {
    guard let horizon = rows.int(0, 0), let time = rows.int(0, 1) else { return nil }
    let entries = (0..<rows.count).compactMap { row -> InvalidationMachine.Entry? in
      guard let id = rows.int(row, 2), let cache = rows.text(row, 3),
        let keys = rows.texts(row, 4)
      else { return nil }
      return InvalidationMachine.Entry(id: id, cache: CacheName(rawValue: cache), keys: keys)
    }
    return InvalidationMachine.Page(horizon: horizon, time: time, entries: entries)
  }
}
