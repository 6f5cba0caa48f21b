package import MatrixIdentifiers
import RoomEvents
package import Streams

/// The way to a room's writer for workers that serve clients. Who comes or goes is answered when
/// this worker has heard of it: then Redis has sent it to every other worker too, and whichever is
/// asked next knows of it.
package struct HeardMemberships: EventPersister {
  /// How long it is listened for before the database is asked.
  private static let listening = Duration.milliseconds(200)
  /// How long an answer is held back at most: what it tells has been done.
  private static let patience = Duration.seconds(1)

  private let persister: any EventPersister
  private let reader: StreamReader<StoredEvent>
  private let patience: Duration

  package init(
    persister: any EventPersister, reader: StreamReader<StoredEvent>, patience: Duration? = nil
  ) {
    self.persister = persister
    self.reader = reader
    self.patience = patience ?? Self.patience
  }

  package func persist(
    _ request: PersistRequest
  ) async throws(PersistError) -> [PersistedEvent] {
    let events = try await persister.persist(request)
    if request.intents.contains(where: { $0.type == EventType.member }) { await hear(of: events) }
    return events
  }

  package func close(_ room: RoomID) async throws(PersistError) {
    try await persister.close(room)
  }

  private func hear(of events: [PersistedEvent]) async {
    let position = events.reduce(VectorToken(minimum: 0)) {
      $0.advanced($1.writer, to: $1.streamOrdering)
    }
    guard !position.isCovered(by: reader.current) else { return }
    if reader.isHearing,
      await reader.waitUntil(
        covers: position, timeout: min(Self.listening, patience), asking: false)
    {
      return
    }
    _ = await reader.waitUntil(covers: position, timeout: patience)
  }
}
