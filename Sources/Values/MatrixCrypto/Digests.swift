import COpenSSL

/// A digest of libcrypto, looked up once: OpenSSL 3 searches its providers at every implicit use.
private final class FetchedDigest: @unchecked Sendable {
  static let sha1 = FetchedDigest("SHA1", bytes: 20)
  static let sha256 = FetchedDigest("SHA256", bytes: 32)

  // Immutable after the fetch and reference counted by libcrypto, so any thread may use it.
  let method: OpaquePointer?
  let bytes: Int

  private init(_ name: StaticString, bytes: Int) {
    self.bytes = bytes
    method = name.withUTF8Buffer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { EVP_MD_fetch(nil, $0.baseAddress, nil) }
    }
  }
}

package enum SHA256 {
  package static let byteCount = 32

  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBytes(digest)
  }

  package static func hash(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    bytes.withUnsafeBytes(digest)
  }

  private static func digest(_ message: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
      let done = EVP_Digest(
        message.baseAddress, message.count, out.baseAddress, nil, FetchedDigest.sha256.method, nil)
      precondition(done == 1, "libcrypto has no SHA-256")
      count = byteCount
    }
  }
}

/// Keyed hashes. SHA-1 is what Synapse's registration by shared secret uses.
package enum HMAC {
  package static func sha1(key: [UInt8], message: [UInt8]) -> [UInt8] {
    code(.sha1, key: key, message: message)
  }

  package static func sha256(key: [UInt8], message: [UInt8]) -> [UInt8] {
    code(.sha256, key: key, message: message)
  }

  private static func code(_ digest: FetchedDigest, key: [UInt8], message: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: digest.bytes) { out, count in
      let done = COpenSSL.HMAC(
        digest.method, key, Int32(clamping: key.count), message, message.count, out.baseAddress,
        nil)
      precondition(done != nil, "libcrypto has no HMAC")
      count = digest.bytes
    }
  }
}

/// Takes the same time wherever the first difference is. The lengths are not secret.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}

package func constantTimeEquals(_ left: String, _ right: String) -> Bool {
  constantTimeEquals(Array(left.utf8), Array(right.utf8))
}
