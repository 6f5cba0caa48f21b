import Accounts
import Redis

/// Buckets in Redis: one budget for the whole fleet, on Redis's clock. While Redis is away each
/// process counts for itself, so limits are looser for that time but never gone.
struct SharedBuckets: RateLimitBuckets {
  /// A key holds when its bucket will be empty, in microseconds, and disappears then. Numbers of
  /// Lua are exact up to 2^53. The answer is the milliseconds to wait, 0 when there was room.
  private static let script = """
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local amount, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
    local empty = tonumber(redis.call('GET', KEYS[1]) or '0')
    local fill = math.min(math.max(empty - now, 0), capacity)
    local excess = fill + amount - capacity
    if excess > 0 then return math.ceil(excess / 1000) end
    if ARGV[3] == '0' then
      redis.call('SET', KEYS[1], string.format('%.0f', now + fill + amount),
        'PX', string.format('%.0f', math.ceil((fill + amount) / 1000)))
    end
    return 0
    """

  /// A Redis that takes longer counts as away: a limit must not make requests slow.
  private static let patience = Duration.seconds(1)

  private let prefix: String
  private let client: RedisClient
  private let local: LocalBuckets

  /// - Parameter serverName: part of the keys, so that servers can share one Redis.
  init(serverName: String, client: RedisClient, local: LocalBuckets) {
    prefix = "\(serverName)/rate/"
    self.client = client
    self.local = local
  }

  func take(
    _ count: Int, from key: String, _ limit: RateLimit, onlyAsking: Bool
  ) async -> Int64? {
    do {
      let wait = try await client.evaluate(
        Self.script, key: prefix + key,
        arguments: [
          String(Int64(count) * limit.interval), String(limit.capacity), onlyAsking ? "1" : "0",
        ], within: Self.patience)
      return wait > 0 ? wait : nil
    } catch {
      return local.take(count, from: key, limit, onlyAsking: onlyAsking)
    }
  }
}
