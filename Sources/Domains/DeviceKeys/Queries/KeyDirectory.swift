import MatrixIdentifiers
package import Streams
import Synchronization

/// The keys of users as this worker remembers them, kept in step with the stream of device lists.
///
/// Whoever asks sees what was acknowledged before, on whatever worker: what is remembered counts
/// only when the stream has come here as far as the database says; else it is read again.
package final class KeyDirectory: Sendable {
  /// Bytes of what is remembered.
  static let limit = 48 << 20

  struct Found: Sendable {
    /// Of those of the users who have an account here.
    var keys: [UserID: UserKeys] = [:]
    /// What the one who asks has signed of others.
    var signatures: [UserID: UserSignatures] = [:]
  }

  private struct State {
    var keys: Remembered<UserKeys>
    var signatures: Remembered<[UserID: UserSignatures]>

    mutating func forget(_ user: UserID) {
      keys.forget(user)
      signatures.forget(user)
    }

    mutating func plan(_ users: [UserID], _ viewer: UserID) -> Plan {
      var plan = Plan()
      for user in users {
        if let known = keys[user] {
          plan.found.keys[user] = known
        } else {
          plan.missing.append(user)
        }
      }
      if let known = signatures[viewer] {
        plan.found.signatures = known
      } else {
        plan.lacksSignatures = true
      }
      return plan
    }
  }

  /// What is remembered, and what has to be read.
  private struct Plan {
    var found = Found()
    var missing: [UserID] = []
    var lacksSignatures = false

    var isRemembered: Bool { !found.keys.isEmpty || !lacksSignatures }
  }

  private let store: DeviceKeyStore
  private let reader: StreamReader<DeviceListRow>
  private let state: Mutex<State>

  package init(store: DeviceKeyStore, reader: StreamReader<DeviceListRow>) {
    self.store = store
    self.reader = reader
    state = Mutex(
      State(
        keys: Remembered(limit: Self.limit * 3 / 4),
        signatures: Remembered(limit: Self.limit / 4)))
    reader.onInvalidate { [weak self] batch in
      self?.state.withLock { state in
        for row in batch.rows { state.forget(row.row.audience ?? row.row.userID) }
      }
    }
  }

  /// - Parameter viewer: who asks.
  func lookUp(_ users: [UserID], seenBy viewer: UserID) async throws -> Found {
    var plan = state.withLock { $0.plan(users, viewer) }
    // What is read now is as new as can be; what is remembered may be too old.
    if plan.isRemembered, try await !store.position().isCovered(by: reader.current) {
      plan = Plan(missing: users, lacksSignatures: true)
    }
    guard !plan.missing.isEmpty || plan.lacksSignatures else { return plan.found }
    return try await read(plan, viewer)
  }

  private func read(_ plan: Plan, _ viewer: UserID) async throws -> Found {
    let signers = plan.lacksSignatures ? [viewer] : []
    let readings = state.withLock { ($0.keys.begin(plan.missing), $0.signatures.begin(signers)) }
    var read = DeviceKeyStore.Read()
    defer {
      state.withLock { state in
        for user in plan.missing {
          state.keys.end(
            readings.0, of: user, with: read.keys[user], size: read.keys[user]?.size ?? 0)
        }
        for signer in signers {
          state.signatures.end(
            readings.1, of: signer, with: read.signatures,
            size: UserSignatures.size(read.signatures))
        }
      }
    }
    read = try await store.read(plan.missing, signaturesBy: signers.first)
    return Found(
      keys: plan.found.keys.merging(read.keys) { $1 },
      signatures: read.signatures ?? plan.found.signatures)
  }
}
