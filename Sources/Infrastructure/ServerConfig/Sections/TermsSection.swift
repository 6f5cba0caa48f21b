/// What new users must accept.
///
/// Synapse's `user_consent` names one document. `terms` of Apus names any number, each with a
/// version and, by language, a name and an address:
///
///     terms:
///       privacy_policy:
///         version: "1.2"
///         en: {name: Privacy Policy, url: "https://example.org/privacy-1.2.html"}
package struct TermsSection: Sendable {
  package struct Translation: Sendable, Hashable {
    package var language: String
    package var name: String
    package var url: String
  }

  package struct Document: Sendable, Hashable {
    package var id: String
    package var version: String
    package var translations: [Translation]
  }

  package var documents: [Document] = []

  init() {}

  init(_ section: ConfigSection) {
    section.group("terms") { terms in
      documents = terms.keys.compactMap { Self.document($0, in: terms) }
    }
    section.group("user_consent") { consent in
      if let document = Self.consent(consent, in: section) { documents.append(document) }
    }
  }

  private static func document(_ id: String, in terms: ConfigSection) -> Document? {
    guard let section = terms.optionalSection(id) else { return nil }
    let version = section.version("version")
    let translations = section.keys.filter { $0 != "version" }.compactMap { language in
      section.optionalSection(language).map { entry in
        defer { entry.reportUnknown() }
        return Translation(
          language: language, name: entry.string("name") ?? id, url: entry.string("url") ?? "")
      }
    }
    section.reportUnknown()
    guard let version, !translations.isEmpty, translations.allSatisfy({ !$0.url.isEmpty }) else {
      terms.problems.error(
        terms.name(id), at: terms.location(of: id),
        "A document needs a version and, for at least one language, a name and a url.",
        fix: "write for example `version: \"1.0\"` and "
          + "`en: {name: Terms, url: \"https://example.org/terms.html\"}`")
      return nil
    }
    return Document(id: id, version: version, translations: translations)
  }

  /// The document of Synapse's key, whose pages Synapse makes of templates; here a web server
  /// has them.
  private static func consent(_ consent: ConfigSection, in section: ConfigSection) -> Document? {
    consent.accept([
      "template_dir", "server_notice_content", "send_server_notice_to_guests",
      "block_events_error",
    ])
    let version = consent.version("version")
    let name = consent.string("policy_name") ?? "Privacy Policy"
    guard consent.bool("require_at_registration") == true else { return nil }
    guard let version else {
      section.problems.error(
        "user_consent.version", at: consent.location,
        "The policy that new users must accept has no version.",
        fix: "set `user_consent.version`")
      return nil
    }
    var base = section.string("public_baseurl") ?? ""
    if !base.hasSuffix("/") { base += "/" }
    return Document(
      id: "privacy_policy", version: version,
      translations: [
        Translation(language: "en", name: name, url: "\(base)_matrix/consent?v=\(version)")
      ])
  }
}

extension ConfigSection {
  /// A version is text, but `1.0` without quotes is a number in YAML.
  fileprivate func version(_ key: String) -> String? {
    guard let node = node(key) else { return nil }
    switch node.value {
    case .string(let text): return text
    case .integer(let number): return String(number)
    case .double(let number): return String(number)
    default:
      wrongType(key, node, expected: "a version")
      return nil
    }
  }
}
