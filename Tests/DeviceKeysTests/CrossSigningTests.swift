import MatrixIdentifiers
import MatrixJSON
import Streams
import Testing

@testable import DeviceKeys

struct CrossSigningTests {
  /// The answer of the stream's owner.
  private func upload(
    _ body: JSON, by user: UserID, isConfirmed: Bool = false, _ world: World
  ) async throws -> [UInt8] {
    let upload = try CrossSigningUpload(try JSONDocument(body.bytes).root, by: user)
    return try await world.owner.call(
      OwnerCall(
        stream: .deviceLists, action: DeviceListOwner.crossSign, key: user.text,
        body: CrossSigningCall(upload: upload, isConfirmed: isConfirmed).encoded))
  }

  private let done = Array("{}".utf8)
  private let wanted = DeviceListOwner.confirmationWanted

  private func keys(_ answer: JSONView, _ usage: String, of user: UserID) -> JSON? {
    answer["\(usage)_keys"]?[user.text].map { JSON($0) }
  }

  @Test func theFirstKeysAndTheSameAgainNeedNoConfirmation() async throws {
    try await withWorld { world in
      let (alice, bob) = (try await world.signIn("alice", "A"), try await world.signIn("bob", "B"))
      let identity = try Identity(alice)
      #expect(try await upload(identity.upload(), by: alice, world) == done)
      let position = world.reader.current
      #expect(try await upload(identity.upload(), by: alice, world) == done)
      #expect(
        try await upload(["user_signing_key": identity.userSigningKey()], by: alice, world)
          == done)
      #expect(world.reader.current == position, "nobody is told of nothing")
      let own = try await world.query(alice, by: alice)
      var master = identity.masterKey()
      master["signatures"] = [:]
      #expect(keys(own, "master", of: alice) == master)
      #expect(keys(own, "self_signing", of: alice) == (try identity.selfSigningKey()))
      #expect(keys(own, "user_signing", of: alice) == (try identity.userSigningKey()))
      let theirs = try await world.query(alice, by: bob)
      #expect(keys(theirs, "master", of: alice) == master)
      #expect(keys(theirs, "self_signing", of: alice) != nil)
      #expect(keys(theirs, "user_signing", of: alice) == nil)
    }
  }

  @Test func replacingKeysNeedsConfirmation() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      let (old, new) = (try Identity(alice), try Identity(alice))
      #expect(try await upload(old.upload(), by: alice, world) == done)
      let single: JSON = ["self_signing_key": try new.selfSigningKey(by: old.master)]
      for body in [try new.upload(), ["master_key": new.masterKey()], single] {
        #expect(try await upload(body, by: alice, world) == wanted)
      }
      let before = try await world.query(alice, by: alice)
      #expect(keys(before, "self_signing", of: alice) == (try old.selfSigningKey()))
      #expect(try await upload(single, by: alice, isConfirmed: true, world) == done)
      // A new master key alone makes what the old one signed worthless.
      #expect(
        try await upload(["master_key": new.masterKey()], by: alice, isConfirmed: true, world)
          == done)
      let after = try await world.query(alice, by: alice)
      #expect(keys(after, "master", of: alice)?["keys"] == new.masterKey()["keys"])
      #expect(keys(after, "self_signing", of: alice) == nil)
      #expect(keys(after, "user_signing", of: alice) == nil)
    }
  }

  /// Of two first uploads at once one is the first.
  @Test func theSecondFirstUploadNeedsConfirmation() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      let bodies = try (0..<8).map { _ in try Identity(alice).upload() }
      let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
        for body in bodies {
          group.addTask { try await upload(body, by: alice, world) }
        }
        return try await group.reduce(into: [[UInt8]]()) { $0.append($1) }
      }
      #expect(answers.filter { $0 == done }.count == 1)
      #expect(answers.filter { $0 == wanted }.count == 7)
    }
  }

  @Test func badKeysAreRefused() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      let (identity, other) = (try Identity(alice), try Identity(alice))
      func refusal(_ body: JSON) async throws -> String? {
        do {
          _ = try await upload(body, by: alice, world)
          return nil
        } catch OwnerError.refused(_, let code, _) {
          return code
        }
      }
      #expect(try await refusal([:]) == "M_MISSING_PARAM")
      #expect(
        try await refusal(["self_signing_key": identity.selfSigningKey()]) == "M_MISSING_PARAM")
      var body = try identity.upload()
      body["self_signing_key"] = try identity.selfSigningKey(by: other.master)
      #expect(try await refusal(body) == "M_INVALID_SIGNATURE")
      body["self_signing_key"] = try identity.selfSigningKey()
      body["user_signing_key"]?["signatures"] = nil
      #expect(try await refusal(body) == "M_INVALID_SIGNATURE")
      try await world.signIn("alice", identity.master.publicKey)
      #expect(try await refusal(try identity.upload()) == "M_FORBIDDEN")
    }
  }

  @Test func aDeviceCannotBeNamedAsAKey() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      let identity = try Identity(alice)
      _ = try await upload(try identity.upload(), by: alice, world)
      let name = identity.selfSigning.publicKey
      try await world.signIn("alice", name)
      await #expect(throws: DeviceListOwner.nameIsTaken) {
        try await world.upload(
          ["device_keys": DeviceKeysTests.identity(alice, name)], by: alice, name)
      }
    }
  }

  struct Malformed: Sendable, CustomTestStringConvertible {
    let name: String
    let change: @Sendable (inout JSON) -> Void
    var testDescription: String { name }
  }

  static let malformed = [
    Malformed(name: "no object") { $0 = "key" },
    Malformed(name: "no user") { $0["user_id"] = nil },
    Malformed(name: "another user") { $0["user_id"] = "@bob:a.example" },
    Malformed(name: "no usage") { $0["usage"] = nil },
    Malformed(name: "another usage") { $0["usage"] = ["self_signing"] },
    Malformed(name: "usage without a list") { $0["usage"] = "master" },
    Malformed(name: "no keys") { $0["keys"] = nil },
    Malformed(name: "empty keys") { $0["keys"] = [:] },
    Malformed(name: "another algorithm") { $0["keys"] = ["rsa:x": "x"] },
    Malformed(name: "no public key") { $0["keys"] = ["ed25519:abcd": "abcd"] },
    Malformed(name: "another value") {
      $0["keys"] = .object(($0["keys"]?.object ?? [:]).mapValues { _ in "other" })
    },
    Malformed(name: "two keys") { $0["keys"]?["ed25519:other"] = "other" },
    Malformed(name: "signatures without users") { $0["signatures"] = [] },
    Malformed(name: "a fraction") { $0["more"] = 1.5 },
  ]

  @Test(arguments: malformed)
  func malformedKeysAreNotRead(_ one: Malformed) throws {
    let alice = try World.user("alice")
    var key = try Identity(alice).masterKey()
    one.change(&key)
    let body: JSON = ["master_key": key]
    #expect(throws: DeviceKeyError.self) {
      try CrossSigningUpload(try JSONDocument(body.bytes).root, by: alice)
    }
  }
}
