import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import Testing

@testable import RoomEvents

/// The vectors of the specification: appendices#cryptographic-test-vectors
@Suite struct SigningVectorTests {
  private static func sign(_ object: JSON) throws -> JSON {
    let signed = try JSONSigning.sign(
      JSONDocument(object.bytes).root, server: try Samples.server(), key: try Samples.key())
    return JSON(try JSONDocument(signed).root)
  }

  @Test(
    arguments: [
      (
        [:],
        "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"
      ),
      (
        ["one": 1, "two": "Two"],
        "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
      ),
    ] as [(JSON, String)])
  func jsonSigning(object: JSON, signature: String) throws {
    let server = try Samples.server()
    let key = try Samples.key()
    let signed = try Self.sign(object)
    #expect(signed["signatures"] == ["domain": ["ed25519:1": .string(signature)]])
    let view = try JSONDocument(signed.bytes).root
    let verifier = try #require(VerifyKey(key.publicKey))
    #expect(
      JSONSigning.verify(view, server: server, keyID: "ed25519:1", publicKey: verifier))
    #expect(
      !JSONSigning.verify(view, server: server, keyID: "ed25519:2", publicKey: verifier))
  }

  @Test func earlierSignaturesAndUnsignedDataStay() throws {
    let object: JSON = [
      "one": 1, "two": "Two", "unsigned": ["age_ts": 5],
      "signatures": ["other": ["ed25519:x": "sig"], "domain": ["ed25519:0": "old"]],
    ]
    let signed = try Self.sign(object)
    #expect(signed["unsigned"] == ["age_ts": 5])
    #expect(signed["signatures"]?["other"] == ["ed25519:x": "sig"])
    #expect(signed["signatures"]?["domain"]?["ed25519:0"] == "old")
    #expect(
      signed["signatures"]?["domain"]?["ed25519:1"]
        == "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
    )
  }

  @Test func aChangedObjectDoesNotVerify() throws {
    let server = try Samples.server()
    let key = try Samples.key()
    var signed = try Self.sign(["one": 1])
    signed["one"] = 2
    let view = try JSONDocument(signed.bytes).root
    let verifier = try #require(VerifyKey(key.publicKey))
    #expect(
      !JSONSigning.verify(view, server: server, keyID: "ed25519:1", publicKey: verifier))
  }

  private static let minimal: JSON = [
    "room_id": "!x:domain", "sender": "@a:domain", "origin": "domain",
    "origin_server_ts": 1_000_000, "signatures": [:], "hashes": [:], "type": "X",
    "content": [:], "prev_events": [], "auth_events": [], "depth": 3,
    "unsigned": ["age_ts": 1_000_000],
  ]

  private static let message: JSON = [
    "content": ["body": "Here is the message content"], "event_id": "$0:domain",
    "origin": "domain", "origin_server_ts": 1_000_000, "type": "m.room.message",
    "room_id": "!r:domain", "sender": "@u:domain", "signatures": [:],
    "unsigned": ["age_ts": 1_000_000],
  ]

  @Test(arguments: [
    (
      minimal, "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
      "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg"
    ),
    (
      message, "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
      "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA"
    ),
  ])
  func eventSigning(event: JSON, hash: String, signature: String) throws {
    let view = try JSONDocument(event.bytes).root
    #expect(UnpaddedBase64.encode(try EventHashes.contentHash(of: view)) == hash)
    var hashed = event
    hashed["hashes"] = ["sha256": .string(hash)]
    let bytes = redacted(
      try JSONDocument(hashed.bytes).root, version: .v1, withSignatures: false)
    #expect(UnpaddedBase64.encode(try Samples.key().sign(bytes)) == signature)
  }
}
