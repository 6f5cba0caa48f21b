import COpenSSL

/// Not for security: the state resolution of room version 1 orders events by it.
package enum SHA1 {
  package static let byteCount = 20

  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
      let done = EVP_Digest(bytes, bytes.count, out.baseAddress, nil, EVP_sha1(), nil)
      precondition(done == 1, "libcrypto has no SHA-1")
      count = byteCount
    }
  }
}
