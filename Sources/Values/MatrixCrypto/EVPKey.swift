import COpenSSL

/// An Ed25519 key object of libcrypto.
///
/// It is never changed after it was made, and libcrypto counts its references atomically, so it
/// may be used on several threads.
final class EVPKey: @unchecked Sendable {
  private static let signatureBytes = 64

  private let raw: OpaquePointer

  init?(privateSeed: [UInt8]) {
    guard
      let raw = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_ED25519, nil, privateSeed, privateSeed.count)
    else { return nil }
    self.raw = raw
  }

  init?(publicKey: [UInt8]) {
    guard
      let raw = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count)
    else { return nil }
    self.raw = raw
  }

  deinit {
    EVP_PKEY_free(raw)
  }

  func rawPublicKey(count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var length = count
    guard EVP_PKEY_get_raw_public_key(raw, &bytes, &length) == 1, length == count
    else { return nil }
    return bytes
  }

  func sign(_ message: [UInt8]) -> [UInt8] {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: Self.signatureBytes)
    var length = Self.signatureBytes
    let done =
      EVP_DigestSignInit(context, nil, nil, nil, raw) == 1
      && EVP_DigestSign(context, &signature, &length, message, message.count) == 1
    // Fails only for want of memory or of the algorithm itself, never for a message.
    precondition(done && length == Self.signatureBytes, "libcrypto cannot sign with Ed25519")
    return signature
  }

  func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    let valid =
      EVP_DigestVerifyInit(context, nil, nil, nil, raw) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    if !valid { ERR_clear_error() }
    return valid
  }
}
