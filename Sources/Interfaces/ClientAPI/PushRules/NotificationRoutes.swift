import Accounts
import Executors
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import PushRules
import RoomEvents
import Rooms

func notificationRoutes(
  _ dependencies: PushRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let (list, clock) = (dependencies.notifications, dependencies.clock)
  return [
    pushRoute(
      "notifications", .get, "/notifications",
      handler: authenticated { requester, request in
        let limit = try request.query.integer(
          "limit", default: Int64(ListNotifications.defaultLimit), range: 1...Int64.max)
        let (items, next) = try await list(
          of: requester.userID, before: try request.notificationToken,
          limit: Int(min(limit, Int64(ListNotifications.maximumLimit))),
          onlyHighlights: request.query["only"] == "highlight")
        var writer = JSONWriter()
        writer.beginObject()
        if let next {
          writer.key("next_token")
          writer.string(String(next))
        }
        writer.key("notifications")
        writer.beginArray()
        for item in items { writer.notification(item, requester.reader, now: clock.now()) }
        writer.endArray()
        writer.endObject()
        return .json(200, writer.bytes)
      })
  ]
}

extension Request {
  fileprivate var notificationToken: Int64? {
    get throws(MatrixError) {
      guard let text = query["from"], !text.isEmpty else { return nil }
      guard let place = Int64(text) else { throw .invalidParam("Invalid token in from") }
      return place
    }
  }
}

extension JSONWriter {
  fileprivate mutating func notification(
    _ item: ListNotifications.Item, _ reader: EventReader, now: Int64
  ) {
    beginObject()
    key("actions")
    raw(item.actions.json)
    key("event")
    ClientEvent.write(item.stored, to: &self, reader: reader, now: now, includeRoomID: true)
    key("read")
    bool(item.isRead)
    key("room_id")
    string(item.notification.room.text)
    key("ts")
    integer(item.stored.event.originServerTimestamp)
    endObject()
  }
}
