import Executors
package import HTTPFetching
import MatrixJSON
package import Streams

/// The way to the owner of a stream in another process. One that is restarting is waited for:
/// every call may be repeated, so its caller sees a pause and not an error.
package struct RemoteStreamOwner: StreamOwner {
  /// How long a call is tried before its caller is told.
  private static let patience = Duration.seconds(20)
  private static let callTimeout = Duration.seconds(15)
  private static let maximumAnswer = 8 << 20

  private let client: HTTPClient
  private let endpoint: Endpoint
  private let secret: String

  package init(client: HTTPClient, endpoint: Endpoint, secret: String) {
    self.client = client
    self.endpoint = endpoint
    self.secret = secret
  }

  package func call(_ call: OwnerCall) async throws(OwnerError) -> [UInt8] {
    let request = FetchRequest(
      endpoint: endpoint, method: .post,
      path: "/_apus/replication/v1/streams/\(call.stream.rawValue)/\(call.action)",
      headers: [("Authorization", "Bearer \(secret)"), ("Content-Type", "application/json")],
      body: call.body, timeout: Self.callTimeout, maximumResponseBytes: Self.maximumAnswer)
    let deadline = ContinuousClock.now.advanced(by: Self.patience)
    var backoff = Backoff(first: .milliseconds(50), ceiling: .seconds(1))
    while true {
      let answer = await attempt(request, stream: call.stream)
      guard case .failure(.unavailable) = answer, ContinuousClock.now < deadline else {
        return try answer.get()
      }
      do {
        try await Task.sleep(for: backoff.delay(random: Double.random(in: 0..<1)))
      } catch {
        throw .unavailable(reason: "the request was given up")
      }
    }
  }

  private func attempt(
    _ request: FetchRequest, stream: StreamName
  ) async -> Result<[UInt8], OwnerError> {
    do {
      let response = try await client.send(request)
      switch response.status {
      case 200: return .success(response.body)
      case 400..<500: return .failure(OwnerAnswerCodec.refusal(response.body))
      default:
        return .failure(
          .unavailable(
            reason: "the writer of \(stream.rawValue) answered with status \(response.status)"))
      }
    } catch {
      return .failure(
        .unavailable(reason: "the writer of \(stream.rawValue) cannot be reached"))
    }
  }
}

/// How an owner's refusal looks between processes.
enum OwnerAnswerCodec {
  static func encode(status: Int, code: String, reason: String) -> [UInt8] {
    JSON.object([
      "status": .integer(Int64(status)), "code": .string(code), "reason": .string(reason),
    ])
    .bytes
  }

  /// An answer that is none of an owner's (a wrong secret, a wrong path) counts as unavailable.
  static func refusal(_ body: [UInt8]) -> OwnerError {
    guard let root = try? JSONDocument(body).root,
      let status = root["status"]?.integer.flatMap({ Int(exactly: $0) }),
      let code = root["code"]?.string
    else { return .unavailable(reason: "a stream's writer refused to be called") }
    return .refused(status: status, code: code, reason: root["reason"]?.string ?? "")
  }
}
