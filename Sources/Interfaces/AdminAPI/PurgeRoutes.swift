package import Accounts
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON
package import RoomRemoval
import TaskScheduler

/// Synapse's API for taking old history away.
package func purgeRoutes(_ purge: SchedulePurge, _ authenticator: Authenticator) -> [Route] {
  let admin = AdminOnly(authenticator)
  return [
    adminRoute(
      "admin_purge_history", .post, "/v1/purge_history/{roomId}",
      admin { request in
        let body = try request.json()
        if let text = try body.optionalString("purge_up_to_event_id") {
          return try await schedule(purge, request, .event(try eventID(text)))
        }
        guard let time = try body.optionalInteger("purge_up_to_ts") else {
          throw MatrixError.missingParam("purge_up_to_event_id or purge_up_to_ts")
        }
        return try await schedule(purge, request, .time(time))
      }),
    adminRoute(
      "admin_purge_history_up_to", .post, "/v1/purge_history/{roomId}/{eventId}",
      admin { request in
        try await schedule(purge, request, .event(try eventID(request.path("eventId"))))
      }),
    adminRoute(
      "admin_purge_history_status", .get, "/v1/purge_history_status/{purgeId}",
      admin { request in
        try await answering {
          let task = try await purge.status(of: try storable(request.path("purgeId"), "purge_id"))
          var answer: [String: JSON] = ["status": .string(task.shownStatus)]
          if let error = task.error { answer["error"] = .string(error) }
          if let result = task.result.flatMap({ try? JSONDocument(Array($0.utf8)) }) {
            answer["progress"] = JSON(result.root)
          }
          return .json(200, .object(answer))
        }
      }),
  ]
}

extension ScheduledTask {
  /// Synapse knows no purge that waits for its turn.
  var shownStatus: String {
    status == .scheduled ? TaskStatus.active.rawValue : status.rawValue
  }
}

private func schedule(
  _ purge: SchedulePurge, _ request: Request, _ bound: SchedulePurge.Bound
) async throws -> Response {
  let room = try roomID(in: request)
  return try await answering {
    .json(200, ["purge_id": .string(try await purge.schedule(room, before: bound))])
  }
}

private func answering(_ work: () async throws -> Response) async throws -> Response {
  do {
    return try await work()
  } catch let error as PurgeError {
    switch error {
    case .unknownRoom: throw MatrixError.notFound("The room is not known here")
    case .unknownEvent: throw MatrixError.notFound("The event is not in the room's history")
    case .unknownPurge: throw MatrixError.notFound("There is no such purge")
    case .isUnderWay:
      throw MatrixError.badRequest("History purge already in progress for this room")
    }
  }
}

private func eventID(_ text: String) throws(MatrixError) -> EventID {
  guard let event = EventID(text) else { throw .invalidParam("The event ID is malformed") }
  return event
}
