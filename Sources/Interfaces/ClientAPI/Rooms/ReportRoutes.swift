import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms

/// spec: client-server-api#reporting-content
func reportRoutes(_ reports: ReportContent, _ authenticated: Authenticated) -> [Route] {
  [
    roomRoute(
      "report_event", .post, "/rooms/{roomId}/report/{eventId}",
      handler: authenticated(limit: .reports) { requester, request in
        let body = try request.json()
        try await reports.report(
          try request.eventID(), in: try request.roomID(), by: requester.userID,
          reason: try body.optionalString("reason"), score: try body.optionalInteger("score"))
        return .empty
      }),
    roomRoute(
      "report_room", .post, "/rooms/{roomId}/report",
      handler: authenticated(limit: .reports) { requester, request in
        try await reports.report(
          try request.roomID(), by: requester.userID,
          reason: try request.json().requiredString("reason"))
        return .empty
      }),
    roomRoute(
      "report_user", .post, "/users/{userId}/report", balancing: .user,
      handler: authenticated(limit: .reports) { requester, request in
        guard let target = UserID(request.path("userId")) else {
          throw MatrixError.invalidParam("Not a valid user ID")
        }
        let reason = try request.json().requiredString("reason")
        do {
          try await reports.report(target, by: requester.userID, reason: reason)
        } catch AccountError.unknownProfile {
          throw MatrixError.notFound("User not found")
        }
        return .empty
      }),
  ]
}
