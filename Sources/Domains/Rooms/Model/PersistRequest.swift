package import EventAuth
package import MatrixIdentifiers
package import RoomEvents
package import Streams

/// A new room's version and its create event, which is built before the room has an owner:
/// from version 12 on the event's hash is the room's id.
package struct RoomCreation: Sendable {
  package let version: RoomVersion
  package let createEvent: [UInt8]

  package init(version: RoomVersion, createEvent: [UInt8]) {
    self.version = version
    self.createEvent = createEvent
  }
}

/// Intents of one room that take effect together or not at all.
package struct PersistRequest: Sendable {
  package let roomID: RoomID
  package let creation: RoomCreation?
  package let intents: [EventIntent]

  package init(roomID: RoomID, creation: RoomCreation? = nil, intents: [EventIntent]) {
    self.roomID = roomID
    self.creation = creation
    self.intents = intents
  }
}

/// What became of an intent.
package struct PersistedEvent: Sendable, Hashable {
  package let eventID: EventID
  package let streamOrdering: Int64
  package let writer: WriterID
  /// Nothing was written: the transaction had been carried out before, or the state was so
  /// already.
  package let isDuplicate: Bool

  package init(eventID: EventID, streamOrdering: Int64, writer: WriterID, isDuplicate: Bool) {
    self.eventID = eventID
    self.streamOrdering = streamOrdering
    self.writer = writer
    self.isDuplicate = isDuplicate
  }
}

package enum PersistError: Error, Sendable, Equatable {
  case unknownRoom
  /// A room with this id exists and was not made by this request.
  case roomInUse
  case refused(AuthRejection)
  case badRelation(BadRelation)
  /// The user's membership is not one that the intent requires.
  case wrongMembership(current: String)
  /// The event cannot be built, whoever asks.
  case invalid(reason: String)
  case tooLarge
  /// The delayed event that it would carry out is not to be sent, or not now.
  case withdrawn(reason: String)
  /// Somebody else has taken the delayed event that it would carry out.
  case takenOver(reason: String)
  /// Nothing was written; the same request may succeed later.
  case unavailable(reason: String)
}

/// The way to a room's only writer, in this process or in another.
package protocol EventPersister: Sendable {
  /// Carries out a request: its events are durable when this returns. Repeating a request is
  /// safe. The answer has one entry for each intent, after one for the create event if there
  /// is one.
  func persist(_ request: PersistRequest) async throws(PersistError) -> [PersistedEvent]

  /// Ends a room: from here on nothing is written to it, and it counts as unknown. What it has
  /// left in the database is for others to remove. Closing it again changes nothing.
  func close(_ room: RoomID) async throws(PersistError)
}
