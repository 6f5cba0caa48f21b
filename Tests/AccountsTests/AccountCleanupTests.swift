import Executors
import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

@Suite struct AccountCleanupTests {
  static let day: Int64 = 86_400_000

  @Test func whatIsBriefGoesWhenItHasRunOut() async throws {
    try await withWorld { world in
      let now = world.clock.now()
      let user = try await world.makeUser("ann").userID.text
      let sessions = now - InteractiveAuth.lifetime
      let nonces = now - SharedSecretRegistration.nonceLifetime
      try await world.run(
        """
        INSERT INTO registration_tokens (token, pending) VALUES ('t', 3);
        INSERT INTO ui_auth_sessions (session, operation, created_at, completed, registration_token)
        SELECT 's' || n, 'register', \(sessions) - 3 + n, '', CASE WHEN n < 3 THEN 't' END
        FROM generate_series(1, 4) AS n;
        INSERT INTO registration_nonces VALUES ('old', \(nonces) - 1), ('new', \(nonces));
        INSERT INTO login_tokens VALUES ('a', '\(user)', \(now) - 1), ('b', '\(user)', \(now) + 1);
        INSERT INTO open_id_tokens VALUES ('c', '\(user)', \(now) - 1);
        """)
      func clean() async throws -> Int {
        try await AccountCleanup.removeBriefRows(now: now, limit: 1, on: world.database)
      }
      #expect(try await clean() == 1)
      #expect(try await clean() == 1)
      #expect(try await clean() == 0)
      #expect(try await world.count("ui_auth_sessions") == 2)
      #expect(try await world.count("registration_nonces") == 1)
      #expect(try await world.count("login_tokens") == 1)
      #expect(try await world.count("open_id_tokens") == 0)
      // What the sessions had set aside is free again.
      #expect(try await world.count("registration_tokens WHERE pending = 1") == 1)
    }
  }

  @Test func aTokenIsKnownForLongAfterItsEnd() async throws {
    try await withWorld { world in
      let now = world.clock.now()
      let session = try await world.makeUser("ann", deviceID: "D")
      func remaining(endedAt: Int64) async throws -> Int64? {
        try await world.run("UPDATE access_tokens SET valid_until = \(endedAt)")
        _ = try await AccountCleanup.removeEndedTokens(now: now, limit: 10, on: world.database)
        return try await world.count("access_tokens")
      }
      #expect(try await remaining(endedAt: now + 1) == 1)
      #expect(try await remaining(endedAt: now - 89 * Self.day) == 1)
      // Its client can still refresh it.
      try await world.run(
        """
        INSERT INTO refresh_tokens (user_id, device_id, generation, current_hash)
        VALUES ('\(session.userID.text)', 'D', 1, 'r')
        """)
      #expect(try await remaining(endedAt: now - 91 * Self.day) == 1)
      try await world.run("UPDATE refresh_tokens SET session_end = \(now)")
      #expect(try await remaining(endedAt: now - 91 * Self.day) == 0)
    }
  }

  @Test func tokensWithoutAnEndStay() async throws {
    try await withWorld { world in
      try await world.makeUser("ann")
      let removed = try await AccountCleanup.removeEndedTokens(
        now: .max, limit: 10, on: world.database)
      #expect(removed == 0)
    }
  }
}
