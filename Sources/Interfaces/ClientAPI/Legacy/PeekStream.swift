import Executors
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import Rooms
import Streams
import Sync

/// The events of a room that everybody may read, for those who are not in it.
/// spec: client-server-api#room-previews
struct PeekStream: Sendable {
  /// Events of one answer.
  private static let limit = 100

  let history: ReadHistory
  let watch: RoomWatch
  let clock: any WallClock
  let user: UserID
  let room: RoomID
  let from: SyncToken

  /// The events after `from`, or the next one.
  func answer(until deadline: ContinuousClock.Instant) async throws -> Response {
    let wait = watch.begin(room, for: deadline - ContinuousClock.now)
    let events: [StoredEvent]
    do {
      events = try await history.page(
        of: room, for: user, from: .stream(from.events), to: nil, .forwards, limit: Self.limit
      ).events
    } catch {
      watch.end(wait)
      throw error
    }
    if !events.isEmpty || deadline <= ContinuousClock.now {
      watch.end(wait)
      return .json(200, try body(events))
    }
    return .later(
      Suspension(
        until: wait.waiter,
        resume: { news in
          watch.end(wait)
          return news ? try await answer(until: deadline) : .json(200, try body([]))
        },
        abandon: { watch.end(wait) }))
  }

  private func body(_ events: [StoredEvent]) throws -> [UInt8] {
    var end = from
    let now = clock.now()
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("chunk")
    writer.beginArray()
    for stored in events {
      end.events = end.events.advanced(stored.writer, to: stored.streamOrdering)
      let event = try JSONDocument(ClientEvent.bytes(stored, reader: nil, now: now)).root
      LegacyEvent.write(event, in: room.text, to: &writer)
    }
    writer.endArray()
    writer.key("end")
    writer.string(end.text)
    writer.key("start")
    writer.string(from.text)
    writer.endObject()
    return writer.bytes
  }
}
