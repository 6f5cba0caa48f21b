import MatrixCrypto
import Testing

@Suite struct SigningKeyTests {
  // RFC 8032, section 7.1, tests 1 and 2.
  @Test(arguments: [
    (
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ),
    (
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
  ])
  func rfcVectors(seed: String, publicKey: String, message: String, signature: String) throws {
    let key = try SigningKey(seed: try #require(Hex.decode(seed)), version: "1")
    let message = try #require(Hex.decode(message))
    #expect(Hex.encode(key.publicKey) == publicKey)
    #expect(Hex.encode(key.sign(message)) == signature)
    #expect(
      verifyEd25519(signature: key.sign(message), message: message, publicKey: key.publicKey))
  }

  // spec: appendices#cryptographic-test-vectors
  @Test(arguments: [
    (
      "{}",
      "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"
    ),
    (
      #"{"one":1,"two":"Two"}"#,
      "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
    ),
  ])
  func specificationVectors(json: String, signature: String) throws {
    let key = try SigningKey(
      fileText: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n")
    #expect(key.keyID == "ed25519:1")
    #expect(UnpaddedBase64.encode(key.sign(Array(json.utf8))) == signature)
  }

  @Test func refusesWhatWasChanged() throws {
    let key = try SigningKey.generate()
    let other = try SigningKey.generate()
    let message = Array("message".utf8)
    let signature = key.sign(message)
    let verifier = try #require(VerifyKey(key.publicKey))
    #expect(verifier.verify(signature, of: message))
    #expect(!verifier.verify(signature, of: message + [0]))
    #expect(!verifier.verify(other.sign(message), of: message))
    #expect(!verifier.verify(Array(signature.dropLast()), of: message))
    #expect(!verifier.verify([], of: message))
    var bent = signature
    bent[3] ^= 1
    #expect(!verifier.verify(bent, of: message))
    #expect(!verifyEd25519(signature: signature, message: message, publicKey: [1, 2, 3]))
  }

  @Test func fileRoundTrip() throws {
    let key = try SigningKey.generate()
    let read = try SigningKey(fileText: key.fileText)
    #expect(read.keyID == key.keyID)
    #expect(read.publicKey == key.publicKey)
    #expect(key.version.hasPrefix("a_"))
  }

  @Test(arguments: [
    ("", SigningKeyError.malformedFile),
    ("ed25519 a_1", .malformedFile),
    ("rsa a_1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1", .malformedFile),
    ("ed25519 a_1 !!", .malformedFile),
    ("ed25519 a_1 Zm9v", .invalidSeed),
    ("ed25519 a:1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1", .invalidVersion),
  ])
  func malformedFiles(text: String, error: SigningKeyError) {
    #expect(throws: error) { try SigningKey(fileText: text) }
  }
}
