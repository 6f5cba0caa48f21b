package import MatrixCrypto
package import MatrixIdentifiers

/// Who this server is.
package struct ServerSection: Sendable {
  package let serverName: ServerName
  package let signingKey: SigningKey
  /// Ends in `/`.
  package var publicBaseURL: String
  /// Answer `/.well-known/matrix/client` with it: only where the file names it.
  package var servesClientWellKnown: Bool
  /// Answer `/.well-known/matrix/server` with this server's address on port 443.
  package var servesServerWellKnown = false
  package var presence = PresenceSection()
  package var macaroonSecretKey: String?
  package var formSecret: String?
  package var adminContact: String?

  /// Nil when what every server must have is missing; the problems are in the section's list.
  init?(_ section: ConfigSection) {
    let name = Self.serverName(section)
    let key = Self.signingKey(section)
    let baseURL = section.string("public_baseurl")
    servesClientWellKnown = baseURL != nil
    publicBaseURL = baseURL ?? "https://\(name?.text ?? "")/"
    if !publicBaseURL.hasSuffix("/") { publicBaseURL += "/" }
    if !publicBaseURL.hasPrefix("https://"), !publicBaseURL.hasPrefix("http://") {
      section.problems.error(
        "public_baseurl", at: section.location(of: "public_baseurl"),
        "This must be a URL that starts with https:// or http://.",
        fix: "write for example `public_baseurl: https://matrix.example.org/`")
    }
    section.read("serve_server_wellknown", into: &servesServerWellKnown)
    section.read("admin_contact", into: &adminContact)
    macaroonSecretKey = section.secret("macaroon_secret_key")
    formSecret = section.secret("form_secret")
    presence = PresenceSection(section)
    guard let name, let key else { return nil }
    serverName = name
    signingKey = key
  }

  private static func serverName(_ section: ConfigSection) -> ServerName? {
    guard let text = section.string("server_name") else {
      if !section.has("server_name") {
        section.problems.error(
          "server_name", at: nil, "The server has no name.",
          fix: "add `server_name: example.org`; it can never be changed later")
      }
      return nil
    }
    if let name = ServerName(text) { return name }
    section.problems.error(
      "server_name", at: section.location(of: "server_name"), "This is not a valid server name.",
      fix: "use a DNS name or an IP address, with `:port` if need be and without `https://`")
    return nil
  }

  /// In the file itself (`signing_key`) or, as usual, in one of its own.
  private static func signingKey(_ section: ConfigSection) -> SigningKey? {
    if !section.has("signing_key"), !section.has("signing_key_path") {
      section.problems.error(
        "signing_key_path", at: nil, "The server has no key to sign its events with.",
        fix: "run `apusctl generate signing-key -o FILE` and set `signing_key_path: FILE`")
      return nil
    }
    let source = section.has("signing_key") ? "signing_key" : "signing_key_path"
    guard let text = section.secret("signing_key") else { return nil }
    do throws(SigningKeyError) {
      return try SigningKey(fileText: text)
    } catch {
      section.problems.error(
        source, at: section.location(of: source),
        "This is not a signing key of the form `ed25519 VERSION SEED`.",
        fix: "make one with `apusctl generate signing-key -o FILE`")
      return nil
    }
  }
}
