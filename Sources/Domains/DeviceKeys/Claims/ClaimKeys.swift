package import Executors
package import MatrixIdentifiers
import MatrixJSON
import Postgres

/// Hands out keys with which conversations begin.
package struct ClaimKeys: Sendable {
  private let serverName: ServerName
  private let store: ClaimStore
  private let counts: KeyCountMemory
  private let clock: any WallClock

  package init(
    serverName: ServerName, store: ClaimStore, counts: KeyCountMemory, clock: any WallClock
  ) {
    self.serverName = serverName
    self.store = store
    self.counts = counts
    self.clock = clock
  }

  /// - Returns: the answer's JSON.
  package func callAsFunction(_ claim: KeyClaim) async throws -> [UInt8] {
    let local = claim.wanted.filter { $0.user.isOn(serverName) }
    var answer = KeyAnswer(capacity: 300 * local.count)
    answer.writeFailures(of: claim.wanted.lazy.map(\.user), except: serverName)
    answer.writer.key("one_time_keys")
    write(local, try await given(local), to: &answer.writer)
    return answer.end()
  }

  private func given(_ wanted: [WantedKey]) async throws -> [ClaimStore.Given] {
    guard !wanted.isEmpty else { return [] }
    let devices = wanted.map { ($0.user, $0.device) }
    let given = try await store.claim(
      wanted, now: clock.now(), further: [KeyCountMemory.invalidation(of: devices)])
    counts.announce(devices)
    return given
  }

  /// What is asked for is grouped by user already.
  private func write(
    _ wanted: [WantedKey], _ given: [ClaimStore.Given], to writer: inout JSONWriter
  ) {
    var keys: [Int: PublicKey] = [:]
    for one in given { keys[one.wanted] = one.key }
    var user: UserID?
    writer.beginObject()
    for (index, want) in wanted.enumerated() {
      guard let key = keys[index] else { continue }
      if user != want.user {
        if user != nil { writer.endObject() }
        writer.key(want.user.text)
        writer.beginObject()
        user = want.user
      }
      writer.key(want.device)
      writer.beginObject()
      writer.key(key.name)
      writer.raw(key.json)
      writer.endObject()
    }
    if user != nil { writer.endObject() }
    writer.endObject()
  }
}
