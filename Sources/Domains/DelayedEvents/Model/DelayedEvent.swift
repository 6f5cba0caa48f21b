package import MatrixIdentifiers
package import MatrixJSON

/// An event that its user wants to be sent later, or that was to be.
package struct DelayedEvent: Sendable, Equatable {
  package enum Outcome: Sendable, Equatable {
    case sent(EventID)
    case cancelled
    /// The error that kept it from being sent, as JSON.
    case failed([UInt8])
  }

  package struct End: Sendable, Equatable {
    package let outcome: Outcome
    /// Milliseconds since the epoch.
    package let time: Int64
  }

  package let delayID: String
  package let userID: UserID
  package let roomID: RoomID
  package let type: String
  package let stateKey: String?
  /// A JSON object.
  package let content: [UInt8]
  /// Milliseconds.
  package let delay: Int64
  /// When it was scheduled or restarted; milliseconds since the epoch.
  package let since: Int64
  /// Its place among those that are due at the same time.
  let number: Int64
  /// Nil while it is scheduled.
  package let end: End?

  package var due: Int64 { since + delay }

  /// The form in which clients get it. Those from before MSC4140 was accepted look for other
  /// names of the two times.
  package func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("content")
    writer.raw(content)
    writer.key("delay")
    writer.integer(delay)
    writer.key("delay_id")
    writer.string(delayID)
    writer.key("delay_ms")
    writer.integer(delay)
    writer.key("delayed_since_ts")
    writer.integer(since)
    if let end {
      writer.key("finalised")
      Self.write(end, to: &writer)
    }
    writer.key("room_id")
    writer.string(roomID.text)
    writer.key("running_since")
    writer.integer(since)
    if let stateKey {
      writer.key("state_key")
      writer.string(stateKey)
    }
    writer.key("type")
    writer.string(type)
    writer.endObject()
  }

  package var json: [UInt8] {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.bytes
  }

  private static func write(_ end: End, to writer: inout JSONWriter) {
    writer.beginObject()
    switch end.outcome {
    case .cancelled: break
    case .failed(let error):
      writer.key("error")
      writer.raw(error)
    case .sent(let event):
      writer.key("event_id")
      writer.string(event.text)
    }
    writer.key("finalised_ts")
    writer.integer(end.time)
    writer.endObject()
  }
}

/// What may happen to a delayed event before its time.
package enum DelayedEventAction: String, Sendable, CaseIterable {
  case send, cancel, restart
}

/// Why something about a delayed event cannot be done.
package enum DelayedEventError: Error, Sendable, Equatable {
  /// This server does not send events later, or not for its users.
  case disabled
  /// Milliseconds.
  case delayTooLong(limit: Int64)
  /// The delay is no positive number.
  case badDelay
  /// The user has scheduled as many as one may; `retryAfter` in milliseconds.
  case tooMany(retryAfter: Int64)
  case unknown
  /// It has ended in another way than the action would have it end.
  case conflict
  /// `field` of the request holds what cannot be stored, or is too long.
  case unusable(field: String)
  case badToken
}

/// How much users may schedule, and how long is told what became of it.
package struct DelayedEventLimits: Sendable, Equatable {
  /// Milliseconds; nil: events are not sent later.
  package var longestDelay: Int64?
  /// Scheduled ones of one user at a time.
  package var perUser: Int64
  /// Finalised ones of one user that are kept.
  package var keptPerUser: Int64
  /// Milliseconds for which a finalised one is kept.
  package var keptFor: Int64

  package init(longestDelay: Int64?, perUser: Int64, keptPerUser: Int64, keptFor: Int64) {
    self.longestDelay = longestDelay
    self.perUser = perUser
    self.keptPerUser = keptPerUser
    self.keptFor = keptFor
  }

  /// Whether anybody may schedule anything.
  package var isEnabled: Bool { (longestDelay ?? 0) > 0 && perUser > 0 }
}
