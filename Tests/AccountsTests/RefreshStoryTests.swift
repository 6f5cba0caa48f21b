import TestKit
import Testing

@testable import Accounts

/// A client that loses answers, repeats requests and forgets nothing else is never locked out, and
/// nobody holds more tokens than the client's.
struct RefreshStoryTests {
  @Test(arguments: 0..<4)
  func aClientWithABadNetwork(_ seed: UInt64) async throws {
    try await withWorld { world in
      var random = SeededRandom(seed)
      var session = try await world.makeUser("alice", deviceID: "A", isRefreshable: true)
      // Tokens that were given out, also those whose answer was lost.
      var given = [session.accessToken]
      for _ in 0..<40 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3:
          // The answer is lost: the client still has what it had.
          given.append(try await refresh(world, session).accessToken)
        case 3..<6:
          session = try await refresh(world, session)
          given.append(session.accessToken)
        default:
          // A worker that knows nothing yet.
          _ = try await world.authenticator().requester(token: session.accessToken)
        }
        // What was lost may be good besides, until the client uses or asks for something.
        let good = try await stored(given, world)
        #expect(good.contains(session.accessToken) && good.count <= 2)
      }
    }
  }

  private func refresh(_ world: World, _ session: Session) async throws -> Session {
    try await world.refresh(try #require(session.refreshToken))
  }

  /// The tokens that would be let in; to ask with one would be a use of it.
  private func stored(_ tokens: [String], _ world: World) async throws -> [String] {
    var stored: [String] = []
    for token in tokens
    where try await TokenStore.find(AccessToken.hash(token), on: world.database) != nil {
      stored.append(token)
    }
    return stored
  }
}
