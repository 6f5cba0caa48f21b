import MatrixCrypto
import Testing

@Suite struct DigestTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ])
  func sha256(message: String, digest: String) {
    #expect(Hex.encode(SHA256.hash(Array(message.utf8))) == digest)
    let slice = Array("x\(message)y".utf8).dropFirst().dropLast()
    #expect(Hex.encode(SHA256.hash(slice)) == digest)
  }

  // RFC 2202 and RFC 4231.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0B, count: 20), "Hi There",
      "b617318655057264e28bc0b6fb378c8ef146be00",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), "what do ya want for nothing?",
      "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [], "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d",
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    ),
  ])
  func hmac(key: [UInt8], message: String, sha1: String, sha256: String) {
    #expect(Hex.encode(HMAC.sha1(key: key, message: Array(message.utf8))) == sha1)
    #expect(Hex.encode(HMAC.sha256(key: key, message: Array(message.utf8))) == sha256)
  }

  @Test func comparison() {
    #expect(constantTimeEquals("", ""))
    #expect(constantTimeEquals("secret", "secret"))
    #expect(!constantTimeEquals("secret", "secreT"))
    #expect(!constantTimeEquals("secret", "secrets"))
    #expect(!constantTimeEquals([UInt8](), [0]))
  }

  @Test func randomBytes() {
    #expect(SecureRandom.bytes(0).isEmpty)
    #expect(SecureRandom.bytes(33).count == 33)
    #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
  }

  @Test func randomText() {
    let alphabet = SecureRandom.Alphabet("abc")
    let text = SecureRandom.string(3000, alphabet)
    #expect(text.utf8.count == 3000)
    for letter in "abc".utf8 {
      // Each is expected 1000 times with a deviation of 26: eight deviations either way.
      let seen = text.utf8.count { $0 == letter }
      #expect((800...1200).contains(seen))
    }
    #expect(SecureRandom.string(0) == "")
    #expect(SecureRandom.string(20) != SecureRandom.string(20))
  }
}
