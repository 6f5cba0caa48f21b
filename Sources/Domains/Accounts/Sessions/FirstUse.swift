import Postgres
import Streams

/// The first use of a refreshed access token: the client has it, so what came before ends.
///
/// spec: client-server-api#refreshing-access-tokens
enum FirstUse {
  static func note(
    of generation: Int64, by requester: Requester, on database: Database,
    _ invalidations: InvalidationFeed
  ) async throws {
    guard let deviceID = requester.deviceID else { return }
    let ended = try await database.transaction { transaction in
      _ = try await DeviceStore.lockUser(requester.userID, on: transaction)
      try await RefreshStore.forgetPrevious(
        of: generation, requester.userID, deviceID, on: transaction)
      let ended = try await TokenStore.endGenerations(
        0...(generation - 1), of: requester.userID, deviceID, on: transaction)
      try await EndedTokens.record(ended, on: transaction)
      return ended
    }
    EndedTokens.announce(ended, on: invalidations)
  }
}
