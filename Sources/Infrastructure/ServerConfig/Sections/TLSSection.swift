/// The certificate of the TLS listeners. Read again at SIGHUP, so paths are kept, not contents.
package struct TLSSection: Sendable, Hashable {
  package let certificatePath: String
  package let privateKeyPath: String

  static func read(_ section: ConfigSection, for listeners: [Listener]) -> TLSSection? {
    let certificate = path("tls_certificate_path", section)
    let key = path("tls_private_key_path", section)
    if let certificate, let key {
      return TLSSection(certificatePath: certificate, privateKeyPath: key)
    }
    if let listener = listeners.first(where: \.usesTLS) {
      let missing = certificate == nil ? "tls_certificate_path" : "tls_private_key_path"
      if !section.has(missing) {
        section.problems.error(
          "\(listener.name).tls", missing, at: listener.location,
          "A listener uses TLS, but `\(missing)` is not set.",
          fix: "set `\(missing)` to a PEM file, or `tls: false` behind a proxy that does TLS")
      }
    }
    return nil
  }

  private static func path(_ key: String, _ section: ConfigSection) -> String? {
    guard let path = section.string(key) else { return nil }
    if FileSystem.isReadable(path) { return path }
    section.problems.error(
      key, at: section.location(of: key), "The file \(path) does not exist or cannot be read.",
      fix: "put the PEM file there and let the server's user read it")
    return nil
  }
}
