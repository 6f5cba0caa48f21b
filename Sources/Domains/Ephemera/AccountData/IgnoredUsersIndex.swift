package import MatrixIdentifiers
import MatrixJSON
package import Postgres
import Rooms
package import Streams
import Synchronization

/// Knows who ignores whom, for writers of events and for /sync: all lists are read once, when they are
/// first asked for, and then kept in step with the stream of account data. Few users ignore
/// anybody, so this is small.
///
/// spec: client-server-api#ignoring-users
package final class IgnoredUsersIndex: Sendable {
  static let type = "m.ignored_user_list"
  /// Users of one list that are heeded.
  static let listLimit = 10_000

  private static let select = Statement(
    "ignored_user_lists",
    """
    SELECT user_id, content FROM account_data
    WHERE room_id = '' AND type = 'm.ignored_user_list'
    """)

  private struct State {
    var isLoaded = false
    var lists: [UserID: Set<UserID>] = [:]
    var ignoredBy: [UserID: Set<UserID>] = [:]
    /// Whose lists came over the stream: they are newer than what a query finds.
    var seen: Set<UserID> = []

    mutating func set(_ list: Set<UserID>, of user: UserID) {
      let old = lists[user] ?? []
      lists[user] = list.isEmpty ? nil : list
      for other in old.subtracting(list) {
        ignoredBy[other]?.remove(user)
        if ignoredBy[other]?.isEmpty == true { ignoredBy[other] = nil }
      }
      for other in list.subtracting(old) { ignoredBy[other, default: []].insert(user) }
    }
  }

  private let database: any Querying
  private let state = Mutex(State())

  package init(reader: StreamReader<AccountDataRow>, database: any Querying) {
    self.database = database
    reader.onInvalidate { [weak self] batch in
      self?.state.withLock { state in
        for row in batch.rows where row.row.type == Self.type && row.row.roomID == nil {
          state.set(Self.list(row.row.content), of: row.row.userID)
          if !state.isLoaded { state.seen.insert(row.row.userID) }
        }
      }
    }
  }

  /// Those who ignore each of the users.
  package func ignoring(_ users: Set<UserID>) async throws -> [UserID: Set<UserID>] {
    if !state.withLock({ $0.isLoaded }) { try await load() }
    return state.withLock { state in
      users.reduce(into: [:]) { found, user in found[user] = state.ignoredBy[user] }
    }
  }

  /// Those whom a user ignores.
  package func ignored(by user: UserID) async throws -> Set<UserID> {
    if !state.withLock({ $0.isLoaded }) { try await load() }
    return state.withLock { $0.lists[user] ?? [] }
  }

  private func load() async throws {
    let rows = try await database.query(Self.select, [])
    state.withLock { state in
      for row in 0..<rows.count {
        guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
          let content = rows.bytes(row, 1), !state.seen.contains(user)
        else { continue }
        state.set(Self.list(content), of: user)
      }
      state.isLoaded = true
      state.seen = []
    }
  }

  private static func list(_ content: [UInt8]) -> Set<UserID> {
    let users = (try? JSONDocument(content))?.root["ignored_users"]?.keyedViews
    return Set(users?.prefix(listLimit).compactMap { $0.key.string.flatMap { UserID($0) } } ?? [])
  }
}

extension IgnoredUsersIndex: IgnoredSenders {}
