/// The kinds of proof that this server can ask for.
///
/// spec: client-server-api#authentication-types
package enum AuthStage: String, Sendable, CaseIterable {
  case dummy = "m.login.dummy"
  case password = "m.login.password"
  case registrationToken = "m.login.registration_token"
  case terms = "m.login.terms"
}

/// The `auth` object of a request.
package struct AuthAttempt: Sendable, Equatable {
  package let type: String?
  package let session: String?
  /// Whom a password is said to belong to: a user id or its localpart.
  package let user: String?
  package let password: String?
  /// A registration token.
  package let token: String?

  package init(
    type: String?, session: String?, user: String? = nil, password: String? = nil,
    token: String? = nil
  ) {
    self.type = type
    self.session = session
    self.user = user
    self.password = password
    self.token = token
  }
}

/// What a client may still do to pass; the body of a 401.
///
/// spec: client-server-api#user-interactive-api-in-the-rest-api
package struct InteractiveAuthState: Sendable, Equatable {
  package let session: String
  package let flows: [[AuthStage]]
  package let completed: [AuthStage]
  /// What `m.login.terms` asks to accept.
  package let policies: [Policy]
  package let problem: Problem?

  package enum Problem: Sendable, Equatable {
    /// The client tried a kind of proof that the server does not know.
    case unknownStage
    /// A known kind, but not the next one of any flow.
    case stageOutOfOrder
    case wrongPassword
    case registrationTokenMissing
    case invalidRegistrationToken
  }
}

/// A document that new users must accept.
///
/// spec: client-server-api#terms-of-service-at-registration
package struct Policy: Sendable, Hashable {
  package struct Translation: Sendable, Hashable {
    package let language: String
    package let name: String
    package let url: String

    package init(language: String, name: String, url: String) {
      self.language = language
      self.name = name
      self.url = url
    }
  }

  package let id: String
  package let version: String
  package let translations: [Translation]

  package init(id: String, version: String, translations: [Translation]) {
    self.id = id
    self.version = version
    self.translations = translations
  }

  /// As it is noted who has accepted it.
  var record: String { "\(id) \(version)" }
}
