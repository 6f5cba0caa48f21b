package import Executors
package import MatrixIdentifiers
import Postgres
package import Streams

/// Publishes keys of a device.
/// spec: client-server-api#post_matrixclientv3keysupload
package struct UploadKeys: Sendable {
  private let store: OneTimeKeyStore
  private let counts: KeyCountMemory
  private let owner: any StreamOwner
  private let clock: any WallClock

  package init(
    store: OneTimeKeyStore, counts: KeyCountMemory, owner: any StreamOwner,
    clock: any WallClock
  ) {
    self.store = store
    self.counts = counts
    self.owner = owner
    self.clock = clock
  }

  /// May be repeated: what is there already stays as it is.
  /// - Returns: the answer's JSON.
  /// - Throws: `DeviceKeyError`; `OwnerError`.
  package func callAsFunction(
    _ upload: KeyUpload, by user: UserID, device: String
  ) async throws -> [UInt8] {
    if let identity = upload.identity {
      let call = IdentityCall(user: user, device: device, keys: identity)
      _ = try await owner.call(
        OwnerCall(
          stream: .deviceLists, action: DeviceListOwner.publish, key: user.text,
          body: call.encoded))
    }
    guard upload.publishesKeys else {
      return try await store.counts(of: user, device).answer
    }
    let outcome = try await store.store(
      upload, of: user, device, now: clock.now(),
      further: [KeyCountMemory.invalidation(of: [(user, device)])])
    counts.announce([(user, device)])
    guard outcome.deviceExists else { throw DeviceKeyError.deviceIsGone }
    if let name = outcome.clash { throw DeviceKeyError.keyExists(name: name) }
    guard !outcome.isFull else {
      throw DeviceKeyError.tooMany(
        what: "one-time keys of a device", limit: OneTimeKeyStore.deviceLimit)
    }
    return outcome.counts.answer
  }
}
