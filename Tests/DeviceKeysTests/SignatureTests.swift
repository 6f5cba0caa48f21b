import MatrixIdentifiers
import MatrixJSON
import Streams
import Testing

@testable import DeviceKeys

/// Signatures that users add to keys.
struct SignatureTests {
  /// Alice and Bob with cross-signing keys; Alice's devices A and B.
  private struct People: Sendable {
    let world: World
    let alice: UserID
    let bob: UserID
    let alices: Identity
    let bobs: Identity
    let devices: [String: Signer]

    func device(_ name: String) throws -> JSON {
      try identity(alice, name, by: try #require(devices[name]))
    }

    /// The errcodes of what was not taken, by key.
    func sign(_ body: JSON, by user: UserID) async throws -> [String: String] {
      let upload = try SignatureUpload(try JSONDocument(body.bytes).root, by: user)
      let answer = try await UploadSignatures(owner: world.owner)(upload)
      var codes: [String: String] = [:]
      guard let failures = try JSONDocument(answer).root["failures"] else { return codes }
      for (_, keys) in failures.members {
        for (key, failure) in keys.members { codes[key] = failure["errcode"]?.string }
      }
      return codes
    }

    func signatures(
      _ kind: String, of user: UserID, _ device: String? = nil, seenBy viewer: UserID
    ) async throws -> JSON? {
      let answer = try await world.query(user, by: viewer)[kind]?[user.text]
      let object = device.map { answer?[$0] } ?? answer
      return object?["signatures"].map { JSON($0) }
    }
  }

  private func withPeople(_ body: @Sendable (People) async throws -> Void) async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A", "B")
      let bob = try await world.signIn("bob", "C")
      let people = People(
        world: world, alice: alice, bob: bob, alices: try Identity(alice),
        bobs: try Identity(bob), devices: ["A": try Signer(), "B": try Signer()])
      for device in ["A", "B"] {
        try await world.upload(["device_keys": try people.device(device)], by: alice, device)
      }
      for identity in [people.alices, people.bobs] {
        let upload = try CrossSigningUpload(
          try JSONDocument(try identity.upload().bytes).root, by: identity.user)
        _ = try await world.owner.call(
          OwnerCall(
            stream: .deviceLists, action: DeviceListOwner.crossSign, key: identity.user.text,
            body: CrossSigningCall(upload: upload, isConfirmed: false).encoded))
      }
      try await body(people)
    }
  }

  @Test func theSelfSigningKeySignsDevices() async throws {
    try await withPeople { people in
      let signed = try people.alices.selfSigning.sign(try people.device("A"), as: people.alice)
      let body: JSON = [people.alice.text: ["A": signed]]
      #expect(try await people.sign(body, by: people.alice).isEmpty)
      for viewer in [people.alice, people.bob] {
        let seen = try await people.signatures(
          "device_keys", of: people.alice, "A", seenBy: viewer)
        #expect(seen == signed["signatures"])
      }
      let position = people.world.reader.current
      #expect(try await people.sign(body, by: people.alice).isEmpty)
      #expect(people.world.reader.current == position, "the same again is no news")
      // Keys that are published again keep it.
      try await people.world.upload(
        ["device_keys": try people.device("A")], by: people.alice, "A")
      #expect(
        try await people.signatures("device_keys", of: people.alice, "A", seenBy: people.bob)
          == signed["signatures"])
    }
  }

  @Test func devicesSignTheMasterKey() async throws {
    try await withPeople { people in
      let master = people.alices.masterKey()
      let name = people.alices.master.publicKey
      let first = try #require(people.devices["A"]).sign(master, as: people.alice, "A")
      let second = try #require(people.devices["B"]).sign(first, as: people.alice, "B")
      for signed in [first, second] {
        #expect(
          try await people.sign([people.alice.text: [name: signed]], by: people.alice).isEmpty)
        #expect(
          try await people.signatures("master_keys", of: people.alice, seenBy: people.bob)
            == signed["signatures"])
      }
    }
  }

  @Test func signaturesOfOthersAreSeenByTheirSignerOnly() async throws {
    try await withPeople { people in
      let name = people.bobs.master.publicKey
      let signed = try people.alices.userSigning.sign(people.bobs.masterKey(), as: people.alice)
      let body: JSON = [people.bob.text: [name: signed]]
      #expect(try await people.sign(body, by: people.alice).isEmpty)
      #expect(
        try await people.signatures("master_keys", of: people.bob, seenBy: people.alice)
          == signed["signatures"])
      #expect(
        try await people.signatures("master_keys", of: people.bob, seenBy: people.bob) == [:])
    }
  }

  @Test func whatIsNotSignedRightIsNamed() async throws {
    try await withPeople { people in
      let (alices, bobs) = (people.alices, people.bobs)
      var changed = try people.device("A")
      changed["algorithms"] = ["other"]
      let tries: [(JSON, JSON, [String: String])] = [
        // By whom, what, and what comes of it.
        ("alice", [people.alice.text: ["A": try people.device("A")]], ["A": "M_INVALID_SIGNATURE"]),
        (
          "alice",
          [
            people.alice.text: [
              "A": try bobs.selfSigning.sign(try people.device("A"), as: people.alice)
            ]
          ], ["A": "M_INVALID_SIGNATURE"]
        ),
        (
          "alice",
          [people.alice.text: ["A": try alices.selfSigning.sign(changed, as: people.alice)]],
          ["A": "M_INVALID_PARAM"]
        ),
        (
          "alice",
          [
            people.alice.text: [
              "Z": try alices.selfSigning.sign(try people.device("A"), as: people.alice)
            ]
          ], ["Z": "M_NOT_FOUND"]
        ),
        ("alice", [people.alice.text: ["A": 7]], ["A": "M_BAD_JSON"]),
        ("alice", [people.alice.text: ["A": ["signatures": 7]]], ["A": "M_BAD_JSON"]),
        // Bob's device, and a key that Bob does not have.
        ("alice", [people.bob.text: ["C": [:]]], ["C": "M_NOT_FOUND"]),
        (
          "bob", [people.alice.text: [alices.master.publicKey: alices.masterKey()]],
          [alices.master.publicKey: "M_INVALID_SIGNATURE"]
        ),
        (
          "bob",
          [
            people.alice.text: [
              alices.master.publicKey: try bobs.master.sign(alices.masterKey(), as: people.bob)
            ]
          ], [alices.master.publicKey: "M_INVALID_SIGNATURE"]
        ),
      ]
      let position = people.world.reader.current
      for (signer, body, codes) in tries {
        let user = signer == "alice" ? people.alice : people.bob
        #expect(try await people.sign(body, by: user) == codes)
      }
      #expect(people.world.reader.current == position)
    }
  }

  @Test func goodOnesAreTakenBesideBadOnes() async throws {
    try await withPeople { people in
      let body: JSON = [
        people.alice.text: [
          "A": try people.alices.selfSigning.sign(try people.device("A"), as: people.alice),
          "B": try people.device("B"), "C": [:], "D": 7,
        ]
      ]
      #expect(
        try await people.sign(body, by: people.alice)
          == ["B": "M_INVALID_SIGNATURE", "C": "M_NOT_FOUND", "D": "M_BAD_JSON"])
      let seen = try await people.signatures(
        "device_keys", of: people.alice, "A", seenBy: people.bob)
      #expect(seen?[people.alice.text]?.object?.count == 2)
    }
  }
}
