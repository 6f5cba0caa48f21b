package import HTTPServing
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
package import Rooms
package import Streams

/// The calls that the fleet's processes make to each other. Every one needs
/// `worker_replication_secret`.
package enum ReplicationRoutes {
  /// A whole room creation with large initial state fits.
  private static let bodyLimit = 8 << 20

  package static func routes(persister: any EventPersister, secret: String) -> [Route] {
    [
      Route(
        id: "replication_persist_events", method: .post,
        patterns: ["/_apus/replication/v1/rooms/{roomId}/events"], surface: .replication,
        roles: [.main, .eventPersister], balancing: .none, bodyLimit: bodyLimit
      ) { request in
        try authenticate(request, secret: secret)
        return try await persist(request, persister)
      },
      Route(
        id: "replication_close_room", method: .post,
        patterns: ["/_apus/replication/v1/rooms/{roomId}/close"], surface: .replication,
        roles: [.main, .eventPersister], balancing: .none
      ) { request in
        try authenticate(request, secret: secret)
        guard let room = RoomID(request.path("roomId")) else {
          throw MatrixError.badJSON("The room's id is malformed")
        }
        // Said in so many words: it cannot be undone.
        guard try request.json().optionalBool("close") == true else {
          throw MatrixError.badJSON("The field close is missing or malformed")
        }
        do throws(PersistError) {
          try await persister.close(room)
          return .json(200, PersistAnswerCodec.encode([PersistedEvent]()))
        } catch {
          return .json(200, PersistAnswerCodec.encode(error))
        }
      },
    ]
  }

  /// For processes that write streams other than events.
  package static func routes(owner: any StreamOwner, secret: String) -> [Route] {
    [
      Route(
        id: "replication_call_owner", method: .post,
        patterns: ["/_apus/replication/v1/streams/{stream}/{action}"], surface: .replication,
        roles: [.main, .genericWorker, .eventPersister], balancing: .none, bodyLimit: bodyLimit
      ) { request in
        try authenticate(request, secret: secret)
        guard let stream = StreamName(rawValue: request.path("stream")) else {
          throw MatrixError.notFound("No such stream")
        }
        return try await call(
          owner,
          OwnerCall(stream: stream, action: request.path("action"), key: "", body: request.body))
      }
    ]
  }

  private static func call(
    _ owner: any StreamOwner, _ call: OwnerCall
  ) async throws -> Response {
    do {
      return .json(200, try await owner.call(call))
    } catch {
      switch error {
      case .refused(let status, let code, let reason):
        return .json(400, OwnerAnswerCodec.encode(status: status, code: code, reason: reason))
      case .unavailable(let reason):
        throw MatrixError(status: 503, code: .unknown, message: reason)
      }
    }
  }

  private static func authenticate(_ request: Request, secret: String) throws(MatrixError) {
    guard let token = request.bearerToken,
      constantTimeEquals(Array(token.utf8), Array(secret.utf8))
    else { throw .forbidden("worker_replication_secret does not match") }
  }

  private static func persist(
    _ request: Request, _ persister: any EventPersister
  ) async throws -> Response {
    let persistRequest: PersistRequest
    do {
      persistRequest = try PersistRequestCodec.decode(try request.json())
    } catch let malformed as PersistRequestCodec.Malformed {
      throw MatrixError.badJSON("The field \(malformed.field) is missing or malformed")
    }
    do {
      return .json(200, PersistAnswerCodec.encode(try await persister.persist(persistRequest)))
    } catch {
      return .json(200, PersistAnswerCodec.encode(error))
    }
  }
}
