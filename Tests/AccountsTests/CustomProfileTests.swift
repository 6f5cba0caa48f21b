import MatrixJSON
import Testing

@testable import Accounts

struct CustomProfileTests {
  @Test(arguments: [
    ("displayname", ProfileKey.standard(.displayName)),
    ("avatar_url", .standard(.avatarURL)), ("m.tz", .custom("m.tz")),
    ("org.example.job_title", .custom("org.example.job_title")),
    ("io.a-b.c9", .custom("io.a-b.c9")),
  ])
  func keys(_ text: String, _ key: ProfileKey) throws {
    #expect(try ProfileKey(text) == key)
    #expect(key.name == text)
  }

  @Test(arguments: [
    "", "name", "Org.example", "org.Example", "org..example", ".org", "org.", "9.a", "a.9",
    "org.ex ample", "org.exämple", "a.b\u{0}",
  ])
  func badKeys(_ text: String) {
    #expect(throws: AccountError.profileFault(.badKey)) { try ProfileKey(text) }
  }

  @Test func longKeys() throws {
    let longest = "a." + String(repeating: "b", count: 253)
    #expect(try ProfileKey(longest) == .custom(longest))
    #expect(throws: AccountError.profileFault(.keyTooLong)) { try ProfileKey(longest + "b") }
  }

  private func json(_ text: String) throws -> JSONView {
    try JSONDocument(Array(text.utf8)).root
  }

  @Test func fieldsComeBackAsTheyWere() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let profiles = world.profiles
      for (key, value) in [
        ("m.tz", #""Europe/Berlin""#), ("org.example.list", #"[1, "two", null, {"a": true}]"#),
        ("org.example.null", "null"), ("avatar_url", #""mxc://example.org/a""#),
      ] {
        try await profiles.set(
          try ProfileKey(key), to: try json(value), of: alice.userID, by: alice)
      }
      #expect(
        String(decoding: try await profiles.whole(of: alice.userID).json, as: UTF8.self)
          == #"{"avatar_url":"mxc://example.org/a","displayname":"alice","m.tz":"Europe/Berlin","#
          + #""org.example.list":[1,"two",null,{"a":true}],"org.example.null":null}"#)
      try await profiles.set(
        try ProfileKey("m.tz"), to: try json(#""UTC""#), of: alice.userID, by: alice)
      let whole = try await profiles.whole(of: alice.userID)
      #expect(
        whole.value(of: .custom("m.tz")).map { String(decoding: $0, as: UTF8.self) }
          == #""UTC""#)
      for key in ["m.tz", "m.tz", "displayname"] {
        try await profiles.remove(try ProfileKey(key), of: alice.userID, by: alice)
      }
      let left = try await profiles.whole(of: alice.userID)
      #expect(left.value(of: .custom("m.tz")) == nil)
      #expect(left.value(of: .standard(.displayName)) == nil)
      #expect(left.custom.keys.sorted() == ["org.example.list", "org.example.null"])
    }
  }

  @Test func aProfileHasABound() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      func set(_ key: String, bytes: Int) async throws {
        let value = "\"\(String(repeating: "x", count: bytes - 2))\""
        try await world.profiles.set(
          try ProfileKey(key), to: try json(value), of: alice.userID, by: alice)
      }
      try await set("org.example.a", bytes: 60_000)
      await #expect(throws: AccountError.profileFault(.profileTooLarge)) {
        try await set("org.example.b", bytes: 6000)
      }
      try await set("org.example.b", bytes: 5000)
      await #expect(throws: AccountError.profileFault(.profileTooLarge)) {
        try await set("org.example.b", bytes: 6000)
      }
      try await set("org.example.a", bytes: 10)
      try await set("org.example.b", bytes: 60_000)
    }
  }

  /// Two that are small enough each, but not together.
  @Test func theBoundHoldsAgainstRaces() async throws {
    try await withWorld { world in
      let alice = try await world.makeRequester("alice")
      let value = "\"\(String(repeating: "x", count: 40_000))\""
      let stored = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<6 {
          group.addTask {
            do {
              try await world.profiles.set(
                try ProfileKey("org.example.f\(number)"), to: try json(value),
                of: alice.userID, by: alice)
              return true
            } catch {
              return false
            }
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(stored == 1)
    }
  }

  @Test func refusals() async throws {
    try await withWorld(allowGuestAccess: true) { world in
      let alice = try await world.makeRequester("alice")
      let bob = try await world.makeRequester("bob")
      func refusal(
        _ key: String, _ value: String, of owner: Requester, by requester: Requester
      ) async throws -> AccountError? {
        do {
          try await world.profiles.set(
            try ProfileKey(key), to: try json(value), of: owner.userID, by: requester)
          return nil
        } catch let error as AccountError {
          return error
        }
      }
      #expect(try await refusal("m.tz", "1", of: alice, by: alice) == .profileFault(.mustBeText))
      #expect(
        try await refusal("displayname", "1", of: alice, by: alice) == .profileFault(.mustBeText))
      #expect(
        try await refusal("org.example.a", "1.5", of: alice, by: alice)
          == .profileFault(.badValue))
      #expect(try await refusal("m.tz", "\"UTC\"", of: bob, by: alice) == .notOwnProfile)
      let session = try #require(
        try await world.registerGuest(initialDeviceDisplayName: nil).session)
      let guest = try await world.authenticator().requester(token: session.accessToken)
      #expect(try await refusal("m.tz", "\"UTC\"", of: guest, by: guest) == .guestRefused)
      #expect(
        try await refusal("avatar_url", "\"mxc://a/b\"", of: guest, by: guest) == .guestRefused)
      #expect(try await refusal("displayname", "\"Guest\"", of: guest, by: guest) == nil)
    }
  }
}
