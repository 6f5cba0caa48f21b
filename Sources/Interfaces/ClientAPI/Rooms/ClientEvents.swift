import Accounts
import Executors
import MatrixJSON
import Rooms

/// Lists of events in answers.
enum ClientEvents {
  static func write(
    _ events: [StoredEvent], to writer: inout JSONWriter, _ requester: Requester,
    _ clock: any WallClock, bundles: EventBundles = .none,
    memberships: MembershipHistory? = nil
  ) {
    let (now, reader) = (clock.now(), requester.reader.with(memberships))
    writer.beginArray()
    for stored in events {
      ClientEvent.write(
        stored, to: &writer, reader: reader, now: now, includeRoomID: true,
        bundles: bundles)
    }
    writer.endArray()
  }
}
