/// Services beside the homeserver: application services, mail, single sign-on, reCAPTCHA.
package struct ServicesSection: Sendable {
  package struct Mail: Sendable, Hashable {
    package var host = "localhost"
    package var port = 25
    package var user: String?
    package var password: String?
    package var sender: String?
    package var requiresTLS = false
  }

  package struct CAS: Sendable, Hashable {
    package var serverURL: String
  }

  package struct Captcha: Sendable, Hashable {
    package var verifyURL = "https://www.recaptcha.net/recaptcha/api/siteverify"
    package var publicKey: String?
    package var privateKey: String?
    package var requiredForRegistration = false
  }

  package var applicationServiceFiles: [String] = []
  package var mail: Mail?
  package var cas: CAS?
  package var captcha = Captcha()

  init(_ section: ConfigSection) {
    section.read("app_service_config_files", into: &applicationServiceFiles)
    mail = section.optionalSection("email").map(Self.mail)
    cas = section.optionalSection("cas_config").flatMap(Self.cas)
    section.read("recaptcha_siteverify_api", into: &captcha.verifyURL)
    captcha.publicKey = section.secret("recaptcha_public_key")
    captcha.privateKey = section.secret("recaptcha_private_key")
    section.read("enable_registration_captcha", into: &captcha.requiredForRegistration)
  }

  private static func mail(_ section: ConfigSection) -> Mail {
    var mail = Mail()
    section.read("smtp_host", into: &mail.host)
    section.read("smtp_port", into: &mail.port, in: 1...65535)
    section.read("smtp_user", into: &mail.user)
    mail.password = section.secret("smtp_pass")
    section.read("notif_from", into: &mail.sender)
    section.read("require_transport_security", into: &mail.requiresTLS)
    section.accept([
      "enable_notifs", "notif_for_new_users", "notif_delay_before_mail", "client_base_url",
      "app_name", "template_dir", "subjects", "invite_client_location", "force_tls", "enable_tls",
      "tlsname", "validation_token_lifetime", "notif_template_html", "notif_template_text",
    ])
    section.reportUnknown()
    return mail
  }

  private static func cas(_ section: ConfigSection) -> CAS? {
    section.accept([
      "service_url", "displayname_attribute", "required_attributes", "enable_registration",
      "allow_numeric_ids", "numeric_ids_prefix", "idp_name", "idp_icon", "idp_brand",
      "protocol_version",
    ])
    defer { section.reportUnknown() }
    let url = section.string("server_url")
    guard section.bool("enabled") == true else { return nil }
    if let url { return CAS(serverURL: url) }
    section.problems.error(
      section.name("enabled"), section.name("server_url"), at: section.location,
      "CAS is on, but its server is not named.", fix: "set `server_url`")
    return nil
  }
}
