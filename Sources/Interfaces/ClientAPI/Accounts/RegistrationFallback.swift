import Accounts
import HTTPServing

/// Pages by which people pass a stage of registration that their client does not know.
///
/// spec: client-server-api#fallback
func registrationFallbackRoutes(_ auth: RegistrationAuth) -> [Route] {
  let endpoint = "/auth/{authType}/fallback/web"
  return [
    accountRoute("auth_fallback", .get, endpoint) { request in
      let (stage, session) = try parameters(of: request, request.query["session"])
      try await auth.checkSession(session)
      return page(FallbackPage.form(stage, session, auth.policies, problem: nil))
    },
    accountRoute("auth_fallback_submit", .post, endpoint) { request in
      let form = try request.form()
      let (stage, session) = try parameters(
        of: request, form["session"] ?? request.query["session"])
      let problem = try await auth.complete(stage, session: session, token: form["token"])
      guard let problem else { return page(FallbackPage.done) }
      return page(
        FallbackPage.form(stage, session, auth.policies, problem: problem.explanation),
        status: 401)
    },
  ]
}

private func parameters(
  of request: Request, _ session: String?
) throws(MatrixError) -> (AuthStage, String) {
  guard let stage = AuthStage(rawValue: request.path("authType")), stage != .password else {
    throw .notFound("There is no page for this kind of authentication")
  }
  guard let session else { throw .missingParam("session") }
  return (stage, session)
}

private func page(_ html: String, status: Int = 200) -> Response {
  Response(
    status: status, contentType: HTML.contentType, headers: HTML.framingHeaders,
    body: Array(html.utf8))
}

private enum FallbackPage {
  static let done = HTML.document(
    "Authenticated",
    """
    <p>Thank you. You may now close this window and return to the application.</p>
    <script>
    if (window.onAuthDone) {
      window.onAuthDone();
    } else if (window.opener && window.opener.postMessage) {
      window.opener.postMessage("authDone", "*");
    }
    </script>
    """)

  static func form(
    _ stage: AuthStage, _ session: String, _ policies: [Policy], problem: String?
  ) -> String {
    let warning = problem.map { "<p role=\"alert\">\(HTML.escaped($0))</p>" } ?? ""
    return HTML.document(
      "Authentication",
      """
      \(warning)
      <form method="post">
      <input type="hidden" name="session" value="\(HTML.escaped(session))">
      \(fields(stage, policies))
      </form>
      """)
  }

  private static func fields(_ stage: AuthStage, _ policies: [Policy]) -> String {
    switch stage {
    case .registrationToken:
      """
      <p><label>Registration token <input name="token" autocomplete="off" required></label></p>
      <p><button>Continue</button></p>
      """
    case .terms:
      """
      <p>Please read and accept the policies of this server:</p>
      <ul>\(policies.map(link).joined())</ul>
      <p><button>I agree</button></p>
      """
    case .dummy, .password:
      "<p><button>Continue</button></p>"
    }
  }

  /// In English where there is such a translation.
  private static func link(_ policy: Policy) -> String {
    let translations = policy.translations
    guard let shown = translations.first(where: { $0.language == "en" }) ?? translations.first
    else { return "" }
    return "<li><a href=\"\(HTML.escaped(shown.url))\">\(HTML.escaped(shown.name))</a></li>"
  }
}
