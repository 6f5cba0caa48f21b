package import MatrixIdentifiers
import RoomEvents

/// Finds the event of a room that is nearest to a moment. Events have no index by time, which every
/// one of them would pay for: their times grow with their places, so the place is searched for.
/// spec: client-server-api#get_matrixclientv1roomsroomidtimestamp_to_event
package struct FindEventByTime: Sendable {
  private let access: RoomAccess
  private let events: EventStore

  package init(access: RoomAccess, events: EventStore) {
    self.access = access
    self.events = events
  }

  /// The first event at the moment or after it, or the last one at the moment or before it, among
  /// those that the user sees.
  /// - Parameter time: milliseconds since the epoch.
  package func event(
    nearest time: Int64, _ direction: ReadHistory.Direction, in room: RoomID, for user: UserID
  ) async throws -> StoredEvent {
    let history = try await access.history(for: user, in: room)
    var found: StoredEvent?
    switch direction {
    case .forwards:
      let place = try await place(of: time, in: room)
      let range = RoomRange(room: room, after: place - 1, upTo: .max)
      _ = try await events.scan(range, .forwards, expecting: 1) { stored in
        guard stored.event.originServerTimestamp >= time, history.sees(stored.streamOrdering)
        else { return true }
        found = stored
        return false
      }
    case .backwards:
      // All that was sent at the moment itself lies before what was sent after it.
      let place = try await place(of: time < .max ? time + 1 : time, in: room)
      let range = RoomRange(room: room, after: .min, upTo: place - 1)
      _ = try await events.scan(range, .backwards, expecting: 1) { stored in
        guard stored.event.originServerTimestamp <= time, history.sees(stored.streamOrdering)
        else { return true }
        found = stored
        return false
      }
    }
    guard let found else { throw RoomError.unknownEvent }
    return found
  }

  /// The place of the first event that is not earlier than the moment.
  /// - Throws: `RoomError.unknownEvent` where there is none at all.
  package func place(of time: Int64, in room: RoomID) async throws -> Int64 {
    guard let first = try await events.forwards(in: room, after: .min, limit: 1).first,
      let last = try await events.backwards(in: room, from: .max, limit: 1).first
    else { throw RoomError.unknownEvent }
    var search = TimeSearch(time, in: first.streamOrdering...last.streamOrdering)
    while !search.places.isEmpty {
      let met = try await events.first(in: room, from: search.places)
      search.learn(met.map { ($0.streamOrdering, $0.event.originServerTimestamp) })
    }
    return search.found
  }
}
