package import Executors
package import MatrixIdentifiers
import MatrixJSON
package import Rooms
package import Streams

package enum PresenceError: Error, Sendable, Equatable {
  /// The users have no room in common.
  case notShared
  case notYourself
  case statusTooLong
  case unusableStatus
}

/// What users tell of their being there, and ask of others.
/// spec: client-server-api#presence
package struct Presence: Sendable {
  /// Bytes of a status message.
  package static let statusLimit = 1_000

  private let values: LatestValues
  private let owner: any StreamOwner
  private let reporter: PresenceReporter
  private let store: PresenceStore
  private let memberships: MembershipStore
  private let clock: any WallClock

  package init(
    values: LatestValues, owner: any StreamOwner, reporter: PresenceReporter,
    store: PresenceStore, memberships: MembershipStore, clock: any WallClock
  ) {
    self.values = values
    self.owner = owner
    self.reporter = reporter
    self.store = store
    self.memberships = memberships
    self.clock = clock
  }

  /// - Throws: `PresenceError`, `OwnerError`.
  package func set(
    _ state: PresenceState, status: String?, of user: UserID, by requester: UserID,
    _ deviceID: String?
  ) async throws {
    guard user == requester else { throw PresenceError.notYourself }
    let status = status.flatMap { $0.isEmpty ? nil : $0 }
    if let status {
      guard status.utf8.count <= Self.statusLimit else { throw PresenceError.statusTooLong }
      guard !status.utf8.contains(0) else { throw PresenceError.unusableStatus }
    }
    let device = deviceID ?? ""
    var body: [String: JSON] = [
      "user": .string(user.text), "device": .string(device), "state": .string(state.rawValue),
    ]
    if let status { body["status"] = .string(status) }
    reporter.reset(user, device)
    _ = try await owner.call(
      OwnerCall(
        stream: .presence, action: PresenceOwner.set, key: user.text,
        body: JSON.object(body).bytes))
  }

  /// A user's presence as the client API has it.
  /// - Throws: `PresenceError.notShared`.
  package func content(of user: UserID, for requester: UserID) async throws -> [UInt8] {
    if user != requester, try await !memberships.shareRoom(user, requester) {
      throw PresenceError.notShared
    }
    var writer = JSONWriter()
    try await record(of: user).writeContent(at: clock.now(), to: &writer)
    return writer.bytes
  }

  private func record(of user: UserID) async throws -> PresenceRecord {
    if let told = values.value(of: user.text).flatMap({ PresenceRecord($0) }) {
      var record = told.isActive ? await present(user) ?? told : told
      record.profile = nil
      return record
    }
    // Whoever is not in the stream is not there, whatever was last written.
    var stored = try await store.records(of: [user])[user] ?? PresenceRecord()
    (stored.state, stored.isActive) = (.offline, false)
    return stored
  }

  /// Of an active user only the owner knows when the last activity was.
  /// spec: client-server-api#last-active-ago
  private func present(_ user: UserID) async -> PresenceRecord? {
    let call = OwnerCall(
      stream: .presence, action: PresenceOwner.get, key: user.text,
      body: JSON.object(["user": .string(user.text)]).bytes)
    return (try? await owner.call(call)).flatMap { PresenceRecord($0) }
  }
}
