package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// What belongs to some events, as it is told along with them.
/// spec: client-server-api#aggregations-of-child-events
package struct EventBundles: Sendable {
  package static let none = EventBundles()

  struct Thread: Sendable {
    let latest: StoredEvent
    let count: Int64
    let readerParticipated: Bool

    func showing(_ content: ErasedContent) -> Thread {
      Thread(
        latest: content.shown(latest), count: count, readerParticipated: readerParticipated)
    }
  }

  struct Bundle: Sendable {
    var thread: Thread?
    var replacement: StoredEvent?
    var references: [EventID] = []
  }

  private var bundles: [EventID: Bundle] = [:]

  init() {}

  subscript(_ parent: EventID) -> Bundle? {
    bundles.isEmpty ? nil : bundles[parent]
  }

  mutating func change(_ parent: EventID, _ change: (inout Bundle) -> Void) {
    change(&bundles[parent, default: Bundle()])
  }

  mutating func merge(_ others: EventBundles) {
    bundles.merge(others.bundles) { first, _ in first }
  }

  /// The newest events of threads.
  var latestOfThreads: [StoredEvent] {
    bundles.values.compactMap(\.thread?.latest)
  }

  /// The events that are told along with others.
  package var told: [StoredEvent] {
    bundles.values.flatMap { [$0.replacement, $0.thread?.latest].compactMap { $0 } }
  }

  /// The same with what a reader may see of events of a room.
  package func showing(_ content: ErasedContent, in room: RoomID) -> EventBundles {
    var shown = self
    for (parent, bundle) in bundles {
      if let edit = bundle.replacement, edit.event.roomID == room, content.hides(edit) {
        shown.change(parent) { $0.replacement = nil }
      }
      if let thread = bundle.thread, thread.latest.event.roomID == room {
        shown.change(parent) { $0.thread = thread.showing(content) }
      }
    }
    return shown
  }

  package func hasThread(_ root: EventID) -> Bool {
    self[root]?.thread != nil
  }

  /// The value of `m.relations` in the event's `unsigned`; nil when there is none.
  func relations(of parent: EventID, reader: EventReader?, now: Int64) -> [UInt8]? {
    guard let bundle = self[parent] else { return nil }
    var writer = JSONWriter()
    writer.beginObject()
    if !bundle.references.isEmpty {
      writer.key(RelationType.reference)
      writeReferences(bundle.references, to: &writer)
    }
    if let replacement = bundle.replacement {
      writer.key(RelationType.replacement)
      ClientEvent.write(
        replacement, to: &writer, reader: reader, now: now, includeRoomID: true)
    }
    if let thread = bundle.thread {
      writer.key(RelationType.thread)
      write(thread, to: &writer, reader: reader, now: now)
    }
    writer.endObject()
    return writer.bytes
  }

  private func writeReferences(_ references: [EventID], to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("chunk")
    writer.beginArray()
    for reference in references {
      writer.beginObject()
      writer.key("event_id")
      writer.string(reference.text)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  /// Threads begin at events that belong to no other, so their latest events have none of their own.
  private func write(
    _ thread: Thread, to writer: inout JSONWriter, reader: EventReader?, now: Int64
  ) {
    writer.beginObject()
    writer.key("count")
    writer.integer(thread.count)
    writer.key("current_user_participated")
    writer.bool(thread.readerParticipated)
    writer.key("latest_event")
    ClientEvent.write(
      thread.latest, to: &writer, reader: reader, now: now, includeRoomID: true, bundles: self)
    writer.endObject()
  }
}
