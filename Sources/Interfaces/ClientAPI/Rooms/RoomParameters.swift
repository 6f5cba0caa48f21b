import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms

/// The ids in paths and bodies as typed values.
extension Request {
  func roomID() throws(MatrixError) -> RoomID {
    guard let room = RoomID(path("roomId")) else {
      throw .invalidParam("Not a valid room ID")
    }
    return room
  }

  /// An id that is none names no event.
  func eventID() throws(MatrixError) -> EventID {
    guard let event = EventID(path("eventId")) else { throw .notFound("Event not found") }
    return event
  }

  func roomAlias() throws(MatrixError) -> RoomAlias {
    guard let alias = RoomAlias(path("roomAlias")) else {
      throw .invalidParam("Room alias invalid")
    }
    return alias
  }

  /// A filter in the query; one that admits everything when there is none.
  func eventFilter() throws(MatrixError) -> EventFilter {
    guard let text = query["filter"], !text.isEmpty else { return EventFilter() }
    let json = try JSONBody.object(Array(text.utf8))
    do throws(EventFilter.Problem) {
      return try EventFilter(FilterPart(json))
    } catch {
      throw error.matrixError
    }
  }

  func historyToken(_ name: String) throws(MatrixError) -> HistoryToken? {
    guard let text = query[name], !text.isEmpty else { return nil }
    guard let token = HistoryToken(text) else {
      throw .invalidParam("Invalid token in \(name)")
    }
    return token
  }
}

extension JSONView {
  func userID(_ key: String) throws(MatrixError) -> UserID {
    guard let user = UserID(try requiredString(key)) else {
      throw .invalidParam("\(key) is not a valid user ID")
    }
    return user
  }
}

extension Requester {
  var reader: EventReader {
    EventReader(userID: userID, deviceID: deviceID)
  }

  /// - Parameter endpoint: see `TransactionKey.endpoint`.
  func transaction(_ id: String, endpoint: String) -> TransactionKey {
    TransactionKey(
      userID: userID, deviceID: deviceID ?? "", transactionID: id, endpoint: endpoint)
  }
}
