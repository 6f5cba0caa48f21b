import MatrixCrypto
import Testing

@Suite struct PasswordHashTests {
  // Openwall's published vectors for bcrypt, with each prefix in use.
  @Test(arguments: ["$2a$", "$2b$", "$2y$"])
  func knownHashes(prefix: String) {
    let vectors = [
      ("U*U", "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
      ("U*U*", "05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
      ("U*U*U", "05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
      (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
          + "chars after 72 are ignored",
        "05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
      ),
    ]
    for (password, hash) in vectors {
      #expect(PasswordHash.verify(password: password, hash: prefix + hash))
      #expect(!PasswordHash.verify(password: "x" + password, hash: prefix + hash))
    }
  }

  @Test func roundTripWithPepper() throws {
    let hash = try PasswordHash.hash(password: "pass wörd", pepper: "salt", rounds: 4)
    #expect(hash.hasPrefix("$2b$04$"))
    #expect(hash.utf8.count == 60)
    #expect(PasswordHash.verify(password: "pass wörd", pepper: "salt", hash: hash))
    #expect(PasswordHash.verify(password: "pass wördsalt", hash: hash))
    #expect(!PasswordHash.verify(password: "pass wörd", hash: hash))
    #expect(hash != (try PasswordHash.hash(password: "pass wörd", pepper: "salt", rounds: 4)))
  }

  @Test func longPasswordsAreCut() throws {
    let long = String(repeating: "a", count: 600)
    let hash = try PasswordHash.hash(password: long, rounds: 4)
    #expect(PasswordHash.verify(password: String(repeating: "a", count: 72), hash: hash))
    #expect(!PasswordHash.verify(password: String(repeating: "a", count: 71), hash: hash))
  }

  @Test func refusesBadInput() throws {
    #expect(throws: PasswordHashError.containsNUL) {
      try PasswordHash.hash(password: "a\u{0}b", rounds: 4)
    }
    for rounds in [-1, 3, 32] {
      #expect(throws: PasswordHashError.invalidRounds) {
        try PasswordHash.hash(password: "a", rounds: rounds)
      }
    }
    let hash = try PasswordHash.hash(password: "a", rounds: 4)
    #expect(!PasswordHash.verify(password: "a\u{0}b", hash: hash))
  }

  @Test(arguments: [
    "", "*0", "*1", "$2b$", "$1$abc$xyz", "$2b$04$" + String(repeating: "!", count: 53),
  ])
  func otherHashesNeverMatch(hash: String) {
    #expect(!PasswordHash.verify(password: "", hash: hash))
  }
}
