import MatrixIdentifiers
import Synchronization
import Testing

@testable import Accounts

struct ProfileTests {
  private final class Recorder: ProfileChangeObserver {
    let changes = Mutex<[Profile]>([])

    func profileChanged(of requester: Requester, to profile: Profile) async throws {
      changes.withLock { $0.append(profile) }
    }
  }

  @Test func changesAreStoredAndObserved() async throws {
    try await withWorld { world in
      let recorder = Recorder()
      let profiles = Profiles(database: world.database, observers: [recorder])
      let session = try await world.makeUser("alice")
      let alice = try await world.authenticator().requester(token: session.accessToken)
      try await profiles.set(.displayName, to: "Älice 🐝", of: alice.userID, by: alice)
      try await profiles.set(.avatarURL, to: "mxc://example.org/a", of: alice.userID, by: alice)
      try await profiles.set(.displayName, to: "", of: alice.userID, by: alice)
      let expected = [
        Profile(displayName: "Älice 🐝", avatarURL: nil),
        Profile(displayName: "Älice 🐝", avatarURL: "mxc://example.org/a"),
        Profile(displayName: nil, avatarURL: "mxc://example.org/a"),
      ]
      #expect(recorder.changes.withLock { $0 } == expected)
      #expect(try await profiles.profile(of: alice.userID) == expected.last)
    }
  }

  @Test func refusals() async throws {
    try await withWorld { world in
      let recorder = Recorder()
      let profiles = Profiles(database: world.database, observers: [recorder])
      let session = try await world.makeUser("alice")
      let bob = try await world.makeUser("bob").userID
      let alice = try await world.authenticator().requester(token: session.accessToken)
      func refusal(
        _ field: ProfileField, _ value: String, of user: UserID? = nil
      ) async throws -> AccountError? {
        do {
          try await profiles.set(field, to: value, of: user ?? alice.userID, by: alice)
          return nil
        } catch let error as AccountError {
          return error
        }
      }
      #expect(try await refusal(.displayName, "Bob", of: bob) == .notOwnProfile)
      #expect(
        try await refusal(.displayName, String(repeating: "ä", count: 257))
          == .tooLong(field: "displayname", limit: 256))
      #expect(
        try await refusal(.avatarURL, String(repeating: "a", count: 1001))
          == .tooLong(field: "avatar_url", limit: 1000))
      #expect(
        try await refusal(.displayName, "a\u{0}b") == .unusableText(field: "displayname"))
      #expect(recorder.changes.withLock { $0.isEmpty })
      #expect(try await refusal(.displayName, String(repeating: "ä", count: 256)) == nil)
    }
  }

  @Test func unknownUsersHaveNone() async throws {
    try await withWorld { world in
      try await world.makeUser("alice")
      for id in ["@nobody:example.org", "@alice:elsewhere.org", "@:example.org"] {
        let user = try #require(UserID(id))
        await #expect(throws: AccountError.unknownProfile, "\(id)") {
          try await world.profiles.profile(of: user)
        }
      }
    }
  }
}
