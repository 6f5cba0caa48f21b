package import MatrixIdentifiers
package import MatrixJSON

/// spec: client-server-api#receipts
package enum ReceiptType: String, Sendable, Hashable {
  case read = "m.read"
  /// Told to nobody but the user.
  case readPrivate = "m.read.private"
}

/// Up to where a user has read a room, or a thread of it.
package struct Receipt: Sendable, Hashable {
  package let roomID: RoomID
  package let type: ReceiptType
  package let userID: UserID
  /// The root of a thread, `main`, or nil for a receipt of no thread.
  package let threadID: String?
  package let eventID: EventID
  /// Milliseconds since 1970.
  package let timestamp: Int64
  /// Where the event is in the events stream, as far as it is known here.
  package var eventOrdering: Int64?

  package init(
    roomID: RoomID, type: ReceiptType, userID: UserID, threadID: String?, eventID: EventID,
    timestamp: Int64, eventOrdering: Int64? = nil
  ) {
    self.roomID = roomID
    self.type = type
    self.userID = userID
    self.threadID = threadID
    self.eventID = eventID
    self.timestamp = timestamp
    self.eventOrdering = eventOrdering
  }

  /// Whether a user may know of it.
  package func isVisible(to user: UserID) -> Bool {
    type == .read || userID == user
  }
}

// The form on the replication channel, and in calls to the owner.
extension Receipt {
  package var encoded: [UInt8] {
    var members: [String: JSON] = [
      "event": .string(eventID.text), "room": .string(roomID.text), "ts": .integer(timestamp),
      "type": .string(type.rawValue), "user": .string(userID.text),
    ]
    if let threadID { members["thread"] = .string(threadID) }
    if let eventOrdering { members["ordering"] = .integer(eventOrdering) }
    return JSON.object(members).bytes
  }

  struct Malformed: Error {}

  package init(_ json: JSONView) throws {
    guard let room = json["room"]?.string.flatMap({ RoomID($0) }),
      let type = json["type"]?.string.flatMap({ ReceiptType(rawValue: $0) }),
      let user = json["user"]?.string.flatMap({ UserID($0) }),
      let event = json["event"]?.string.flatMap({ EventID($0) }),
      let timestamp = json["ts"]?.integer
    else { throw Malformed() }
    self.init(
      roomID: room, type: type, userID: user, threadID: json["thread"]?.string, eventID: event,
      timestamp: timestamp, eventOrdering: json["ordering"]?.integer)
  }
}

/// Receipts of one room as /sync tells them: one event for all of them.
package enum ReceiptEvent {
  package static let type = "m.receipt"

  /// There is one place for a user's receipts of an event, so where they are of several threads,
  /// the one that is of none is told, as it says more. Otherwise the last one is.
  /// spec: client-server-api#mreceipt
  package static func bytes(_ receipts: some Sequence<Receipt>) -> [UInt8] {
    var content: [String: [String: [String: JSON]]] = [:]
    let (ofThreads, ofNone) = (
      receipts.filter { $0.threadID != nil }, receipts.filter { $0.threadID == nil }
    )
    for receipt in ofThreads + ofNone {
      var info: [String: JSON] = ["ts": .integer(receipt.timestamp)]
      if let thread = receipt.threadID { info["thread_id"] = .string(thread) }
      content[receipt.eventID.text, default: [:]][receipt.type.rawValue, default: [:]][
        receipt.userID.text] = .object(info)
    }
    let events = content.mapValues { JSON.object($0.mapValues { .object($0) }) }
    return JSON.object(["content": .object(events), "type": .string(type)]).bytes
  }
}
