import HTTPServing

/// A page on which people sign in whose client does not know how. What the query holds goes into
/// the login, but for credentials.
///
/// spec: client-server-api#login-fallback
func loginFallbackRoutes() -> [Route] {
  [
    Route(
      id: "login_fallback", method: .get,
      patterns: ["/_matrix/static/client/login", "/_matrix/static/client/login/"],
      surface: .client, roles: .clientFacing
    ) { _ in
      Response(
        status: 200, contentType: HTML.contentType, headers: HTML.framingHeaders, body: page)
    }
  ]
}

private let page = Array(
  HTML.document(
    "Sign in",
    """
    <form id="login">
    <p><label>User name <input id="user" autocomplete="username" required></label></p>
    <p><label>Password <input id="password" type="password" autocomplete="current-password"
      required></label></p>
    <p><button>Sign in</button></p>
    <p id="problem" role="alert"></p>
    </form>
    <script>
    "use strict";
    const field = (id) => document.getElementById(id);
    field("login").addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = Object.fromEntries(new URLSearchParams(window.location.search));
      if ("refresh_token" in body) body.refresh_token = body.refresh_token === "true";
      Object.assign(body, {
        type: "m.login.password", password: field("password").value,
        identifier: {type: "m.id.user", user: field("user").value},
      });
      const answer = await fetch("/_matrix/client/v3/login", {
        method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
      });
      const result = await answer.json();
      if (!answer.ok) {
        field("problem").textContent = result.error;
      } else if (window.matrixLogin && window.matrixLogin.onLogin) {
        window.matrixLogin.onLogin(result);
      }
    });
    </script>
    """
  ).utf8)
