import Accounts
package import Ephemera
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// - Parameter presence: nil where nobody is told who is there.
/// spec: client-server-api#receipts, client-server-api#read-and-unread-markers
package func receiptRoutes(
  _ receipts: Receipts, _ presence: PresenceReporter?, _ authenticated: Authenticated
) -> [Route] {
  [
    ephemeraRoute(
      "send_receipt", .post, "/rooms/{roomId}/receipt/{receiptType}/{eventId}",
      authenticated { requester, request in
        let (room, event) = (
          try request.roomID(), try request.receiptEventID(request.path("eventId"))
        )
        presence?.noteActivity(of: requester.userID, requester.deviceID)
        let thread = try request.receiptThread()
        if request.path("receiptType") == "m.fully_read" {
          guard thread == nil else {
            throw MatrixError.invalidParam("m.fully_read takes no thread_id")
          }
          try await receipts.setFullyRead(to: event, of: requester.userID, in: room)
          return .empty
        }
        guard let type = ReceiptType(rawValue: request.path("receiptType")) else {
          throw MatrixError.invalidParam(
            "Receipt type must be m.read, m.read.private or m.fully_read")
        }
        try await receipts.set(type, of: requester.userID, in: room, to: event, thread: thread)
        return .empty
      }),
    ephemeraRoute(
      "set_read_markers", .post, "/rooms/{roomId}/read_markers",
      authenticated { requester, request in
        let (room, body) = (try request.roomID(), try request.json())
        presence?.noteActivity(of: requester.userID, requester.deviceID)
        for type in [ReceiptType.read, .readPrivate] {
          guard let event = try request.marker(type.rawValue, in: body) else { continue }
          try await receipts.set(type, of: requester.userID, in: room, to: event, thread: nil)
        }
        if let event = try request.marker("m.fully_read", in: body) {
          try await receipts.setFullyRead(to: event, of: requester.userID, in: room)
        }
        return .empty
      }),
  ]
}

extension Request {
  fileprivate func receiptEventID(_ text: String) throws(MatrixError) -> EventID {
    guard let event = EventID(text) else { throw .invalidParam("Not a valid event ID") }
    return event
  }

  /// Nil for a receipt of no thread.
  fileprivate func receiptThread() throws(MatrixError) -> String? {
    guard let value = try json()["thread_id"] else { return nil }
    guard let thread = value.string, !thread.isEmpty else {
      throw .invalidParam("thread_id must be a string that is not empty")
    }
    return thread
  }

  fileprivate func marker(_ key: String, in body: JSONView) throws(MatrixError) -> EventID? {
    guard let value = body[key], !value.isNull else { return nil }
    guard let text = value.string else { throw .badJSON("\(key) must be a string") }
    return try receiptEventID(text)
  }
}

extension ReceiptError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .notInRoom: .forbidden("You are not joined to this room")
    case .invalidThread: .invalidParam("thread_id must be main or an event ID")
    case .otherThread: .invalidParam("The event is not in the thread of thread_id")
    }
  }
}
