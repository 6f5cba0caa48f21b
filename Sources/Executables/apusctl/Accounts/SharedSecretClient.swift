import HTTPFetching
import MatrixCrypto
import MatrixJSON

/// The client's side of registration by shared secret: a nonce, then the account with a proof
/// that the secret is known.
struct SharedSecretClient {
  private static let path = "/_synapse/admin/v1/register"

  let client: HTTPClient
  let endpoint: Endpoint
  let secret: String

  /// - Returns: the new user's id.
  func register(_ user: String, password: String, isAdmin: Bool) async throws -> String {
    let nonce = try await member("nonce", of: FetchRequest.Method.get, body: [])
    let signed = [nonce, user, password, isAdmin ? "admin" : "notadmin"].joined(separator: "\0")
    let mac = HMAC.sha1(key: Array(secret.utf8), message: Array(signed.utf8))
    let body: JSON = [
      "nonce": .string(nonce), "username": .string(user), "password": .string(password),
      "admin": .bool(isAdmin), "mac": .string(Hex.encode(mac)),
    ]
    return try await member("user_id", of: .post, body: body.bytes)
  }

  private func member(
    _ name: String, of method: FetchRequest.Method, body: [UInt8]
  ) async throws -> String {
    let response = try await client.send(
      FetchRequest(
        endpoint: endpoint, method: method, path: Self.path,
        headers: body.isEmpty ? [] : [("Content-Type", "application/json")], body: body))
    guard let answer = try? JSONDocument(response.body).root else {
      throw Failure("The server answers with status \(response.status) and no JSON.")
    }
    guard response.status == 200, let value = answer[name]?.string else {
      let code = answer["errcode"]?.string ?? "status \(response.status)"
      throw Failure("The server refuses: \(code): \(answer["error"]?.string ?? "no reason given")")
    }
    return value
  }
}
