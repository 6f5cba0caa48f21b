import MatrixIdentifiers
import Postgres
import RoomEvents

/// What a user says of an event by annotating it.
struct Annotation: Hashable, Sendable {
  let room: RoomID
  let parent: EventID
  let sender: UserID
  /// Bytes: texts that only look the same are two.
  let type: [UInt8]
  let key: [UInt8]

  init?(_ relation: Relation, type: String, sender: UserID, room: RoomID) {
    guard let key = relation.key else { return nil }
    self.init(room: room, parent: relation.parent, sender: sender, type: Array(type.utf8), key: key)
  }

  fileprivate init(
    room: RoomID, parent: EventID, sender: UserID, type: [UInt8], key: [UInt8]
  ) {
    self.room = room
    self.parent = parent
    self.sender = sender
    self.type = type
    self.key = key
  }
}

/// What has to be known of events' relations before a batch is decided.
struct RelationNeeds: Sendable {
  private(set) var annotations: [Annotation] = []
  private(set) var threadRoots: Set<EventID> = []

  private static let knownAnnotations = Statement(
    "writer_annotations",
    """
    SELECT e.event_id, e.room_id, r.parent, r.sender, r.type, r.key
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
      AS a (room, parent, sender, type, key)
    JOIN event_relations r ON r.parent = a.parent AND r.sender = a.sender AND r.type = a.type
      AND r.key = a.key
    JOIN events e ON e.stream_ordering = r.child AND e.room_id = a.room
    """)
  private static let related = Statement(
    "writer_related_roots",
    """
    SELECT e.event_id FROM events e JOIN event_relations r ON r.child = e.stream_ordering
    WHERE e.event_id = ANY($1)
    """)

  mutating func note(_ intent: EventIntent, in room: RoomID) throws(PersistError) {
    guard intent.stateKey == nil, let relation = Relation(of: intent) else { return }
    if relation.type == RelationType.thread { threadRoots.insert(relation.parent) }
    if let key = relation.key {
      guard String(decoding: key, as: UTF8.self).unicodeScalars.count <= Relation.keyLimit else {
        throw .badRelation(.longKey)
      }
    }
    if let annotation = Annotation(
      relation, type: intent.type, sender: intent.sender, room: room)
    {
      annotations.append(annotation)
    }
  }

  var annotationsQuery: Query? {
    guard !annotations.isEmpty else { return nil }
    return Query(
      Self.knownAnnotations,
      [
        .texts(annotations.map(\.room.text)), .texts(annotations.map(\.parent.text)),
        .texts(annotations.map(\.sender.text)),
        .texts(annotations.map { String(decoding: $0.type, as: UTF8.self) }),
        .byteArrays(annotations.map(\.key)),
      ])
  }

  var rootsQuery: Query? {
    threadRoots.isEmpty ? nil : Query(Self.related, [.texts(threadRoots.map(\.text))])
  }
}

/// Which relations the room's owner lets its own users make.
struct RelationRules: Sendable {
  private var annotations: [Annotation: EventID] = [:]
  /// Events that belong to others.
  private var related: Set<EventID> = []

  /// - Parameter rows: of `RelationNeeds.annotationsQuery`.
  mutating func addAnnotations(_ rows: Rows) {
    for row in 0..<rows.count {
      guard let event = rows.text(row, 0).flatMap({ EventID($0) }),
        let room = rows.text(row, 1).flatMap({ RoomID($0) }),
        let parent = rows.text(row, 2).flatMap({ EventID($0) }),
        let sender = rows.text(row, 3).flatMap({ UserID($0) }), let type = rows.bytes(row, 4),
        let key = rows.bytes(row, 5)
      else { continue }
      annotations[
        Annotation(room: room, parent: parent, sender: sender, type: type, key: key)] = event
    }
  }

  /// - Parameter rows: of `RelationNeeds.rootsQuery`.
  mutating func addRelated(_ rows: Rows) {
    for row in 0..<rows.count {
      if let event = rows.text(row, 0).flatMap({ EventID($0) }) { related.insert(event) }
    }
  }

  func check(_ intents: [EventIntent], in room: RoomID) throws(PersistError) {
    for intent in intents where intent.stateKey == nil {
      guard let relation = Relation(of: intent) else { continue }
      if relation.type == RelationType.thread, related.contains(relation.parent) {
        throw .badRelation(.threadOnRelation)
      }
      let annotation = Annotation(
        relation, type: intent.type, sender: intent.sender, room: room)
      if let annotation, annotations[annotation] != nil {
        throw .badRelation(.duplicateAnnotation)
      }
    }
  }

  /// Keeps in step with what the batch itself writes.
  mutating func note(_ planned: PlannedEvent) {
    if let redacted = planned.redaction?.redacted.eventID {
      annotations = annotations.filter { $0.value != redacted }
      related.remove(redacted)
    }
    let event = planned.event
    guard event.stateKey == nil, let relation = Relation(of: event) else { return }
    related.insert(event.eventID)
    if let annotation = Annotation(
      relation, type: event.type, sender: event.sender, room: event.roomID)
    {
      annotations[annotation] = event.eventID
    }
  }
}
