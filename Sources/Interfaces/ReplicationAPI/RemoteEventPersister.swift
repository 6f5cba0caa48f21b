import Executors
package import HTTPFetching
import Logging
import MatrixIdentifiers
import MatrixJSON
package import Rooms

/// The way to a room's writer in another process. A writer that is restarting is waited for:
/// every request may be repeated, so its caller sees a pause and not an error.
package struct RemoteEventPersister: EventPersister {
  /// How long a request is tried before its caller is told.
  private static let patience = Duration.seconds(20)
  private static let callTimeout = Duration.seconds(15)
  private static let maximumAnswer = 1 << 20

  private let client: HTTPClient
  private let endpoint: Endpoint
  private let secret: String

  package init(client: HTTPClient, endpoint: Endpoint, secret: String) {
    self.client = client
    self.endpoint = endpoint
    self.secret = secret
  }

  package func persist(
    _ request: PersistRequest
  ) async throws(PersistError) -> [PersistedEvent] {
    let call = FetchRequest(
      endpoint: endpoint, method: .post,
      path: "/_apus/replication/v1/rooms/\(Self.escaped(request.roomID))/events",
      headers: [("Authorization", "Bearer \(secret)"), ("Content-Type", "application/json")],
      body: PersistRequestCodec.encode(request), timeout: Self.callTimeout,
      maximumResponseBytes: Self.maximumAnswer)
    let deadline = ContinuousClock.now.advanced(by: Self.patience)
    var backoff = Backoff(first: .milliseconds(50), ceiling: .seconds(1))
    while true {
      let answer = await attempt(call)
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

  private func attempt(_ call: FetchRequest) async -> Result<[PersistedEvent], PersistError> {
    do {
      let response = try await client.send(call)
      guard response.status == 200 else {
        return .failure(
          .unavailable(reason: "the room's writer answered with status \(response.status)"))
      }
      return PersistAnswerCodec.decode(response.body)
    } catch {
      return .failure(.unavailable(reason: "the room's writer cannot be reached"))
    }
  }

  private static func escaped(_ room: RoomID) -> String {
    var text = ""
    for byte in room.text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16, uppercase: true)
        text += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
      }
    }
    return text
  }
}
