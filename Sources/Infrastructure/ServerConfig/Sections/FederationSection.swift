/// Which servers are talked to, and what is believed of them.
package struct FederationSection: Sendable {
  /// Servers that are asked for other servers' keys; none by default.
  package var keyNotaries: [String] = []
  /// PEM files with the certificate authorities for federation; nil: the system's.
  package var customCertificateAuthorities: [String]?
  package var verifiesCertificates = true
  /// Nil: all servers. Otherwise only these.
  package var allowedDomains: [String]?
  package var profileLookups = true
  /// No certificate checks for any client but federation's. For tests.
  package var insecureNonFederationClient = false
  /// Address ranges that must not be connected to; nil: the private and special ranges.
  package var deniedRanges: [String]?
  package var federationDeniedRanges: [String]?
  package var urlPreviewDeniedRanges: [String]?
  package var allowedRanges: [String] = []

  init(_ section: ConfigSection) {
    for notary in section.sections("trusted_key_servers") {
      notary.accept(["verify_keys", "accept_keys_insecurely"])
      if let name = notary.string("server_name") { keyNotaries.append(name) }
      notary.reportUnknown()
    }
    customCertificateAuthorities = section.strings("federation_custom_ca_list")
    section.read("federation_verify_certificates", into: &verifiesCertificates)
    allowedDomains = section.strings("federation_domain_whitelist")
    section.read("allow_profile_lookup_over_federation", into: &profileLookups)
    section.read(
      "use_insecure_ssl_client_just_for_testing_do_not_use", into: &insecureNonFederationClient)
    deniedRanges = Self.ranges("ip_range", section)
    federationDeniedRanges = Self.ranges("federation_ip_range", section)
    urlPreviewDeniedRanges = Self.ranges("url_preview_ip_range", section)
    allowedRanges =
      section.strings("ip_range_whitelist") ?? section.strings("ip_range_allowlist") ?? []
  }

  private static func ranges(_ prefix: String, _ section: ConfigSection) -> [String]? {
    section.strings("\(prefix)_blacklist") ?? section.strings("\(prefix)_blocklist")
  }
}
