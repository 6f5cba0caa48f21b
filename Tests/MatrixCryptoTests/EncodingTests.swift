import MatrixCrypto
import Testing

@Suite struct EncodingTests {
  // The table of the specification: appendices#unpadded-base64
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
    ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
  ])
  func base64(plain: String, encoded: String) {
    #expect(UnpaddedBase64.encode(plain.utf8) == encoded)
    #expect(UnpaddedBase64.decode(encoded) == Array(plain.utf8))
    let padded = encoded + String(repeating: "=", count: (4 - encoded.count % 4) % 4)
    #expect(UnpaddedBase64.decode(padded) == Array(plain.utf8))
  }

  @Test func alphabets() {
    let bytes: [UInt8] = [0xFB, 0xFF, 0xBF]
    #expect(UnpaddedBase64.encode(bytes) == "+/+/")
    #expect(UnpaddedBase64.encodeURLSafe(bytes) == "-_-_")
    #expect(UnpaddedBase64.decode("-_-_") == nil)
  }

  @Test(arguments: ["A", "AAAAA", "AA A", "A===", "=", "AAAA====", "ÄA", "A=A"])
  func invalidBase64(text: String) {
    #expect(UnpaddedBase64.decode(text) == nil)
  }

  @Test func leftOverBitsAreAccepted() {
    #expect(UnpaddedBase64.decode("Zh") == Array("f".utf8))
  }

  @Test func everyLengthRoundTrips() {
    for count in 0...67 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
      #expect(UnpaddedBase64.decode(UnpaddedBase64.encode(bytes)) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
  }

  @Test func hex() {
    #expect(Hex.encode([0, 1, 0x7F, 0xAB]) == "00017fab")
    #expect(Hex.decode("00017FaB") == [0, 1, 0x7F, 0xAB])
    #expect(Hex.decode("0") == nil)
    #expect(Hex.decode("0g") == nil)
  }

  @Test func crc32() {
    #expect(CRC32.checksum("123456789".utf8) == 0xCBF4_3926)
    #expect(CRC32.checksum([]) == 0)
  }

  @Test(
    arguments: [
      (0, 6, "000000"), (61, 1, "Z"), (62, 1, "10"), (35, 2, "0z"), (36, 2, "0A"),
      (4_294_967_295, 6, "4GFfc3"),
    ] as [(UInt64, Int, String)])
  func base62(number: UInt64, digits: Int, text: String) {
    #expect(Base62.encode(number, minimumDigits: digits) == text)
  }
}
