package import MatrixIdentifiers
package import PushRules
import Rooms
package import Streams

/// Tells of a user's push rules, as account data.
package struct PushRulesProvider: SyncProvider {
  private let reader: StreamReader<UserID>
  private let memory: PushRulesMemory

  package init(reader: StreamReader<UserID>, memory: PushRulesMemory, waker: SyncWaker) {
    self.reader = reader
    self.memory = memory
    reader.onWake { batch in waker.wake(users: Set(batch.rows.map(\.row))) }
  }

  package var stream: StreamName { .pushRules }
  package var current: VectorToken { reader.current }

  package func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool {
    await reader.waitUntil(covers: token, timeout: timeout)
  }

  package func news(for request: ProviderRequest) async throws -> SyncNews {
    var news = SyncNews()
    guard !request.isUpToDate, request.sync.filter.accountData.matches(type: "m.push_rules")
    else { return news }
    let event = try await memory.event(
      for: request.sync.userID, since: request.since, upTo: request.now)
    if let event { news.accountData.append(event) }
    return news
  }
}
