package import MatrixIdentifiers
import MatrixJSON
package import RoomEvents

/// Kinds of relations that the server itself acts on.
/// spec: client-server-api#relationship-types
package enum RelationType {
  package static let annotation = "m.annotation"
  package static let reference = "m.reference"
  package static let replacement = "m.replace"
  package static let thread = "m.thread"
}

/// How an event belongs to another one, as the index of relations keeps it. What does not have the
/// form of a relation is none.
/// spec: client-server-api#forming-relationships-between-events
package struct Relation: Sendable {
  /// Bytes of a relation's type.
  package static let typeLimit = 255
  /// Unicode scalars of an annotation's key.
  package static let keyLimit = 500

  package let type: String
  package let parent: EventID
  /// Of an annotation: what it says, as bytes.
  package let key: [UInt8]?
  /// Whether the event may take the place of its parent, should that be of the same sender and
  /// type.
  package let isEdit: Bool

  package init?(of event: Event) {
    self.init(event.content, eventType: event.type, isState: event.stateKey != nil)
  }

  init?(of intent: EventIntent) {
    guard Self.mayRelate(intent.content), let content = try? JSONDocument(intent.content).root
    else {
      return nil
    }
    self.init(content, eventType: intent.type, isState: intent.stateKey != nil)
  }

  private init?(_ content: JSONView, eventType: String, isState: Bool) {
    // What clients are not told of belongs to nothing.
    guard isState || eventType != EventType.dummy,
      let relation = content["m.relates_to"], let type = relation["rel_type"]?.string,
      Self.isStorable(type), let parent = relation["event_id"]?.string.flatMap({ EventID($0) })
    else { return nil }
    self.type = type
    self.parent = parent
    key = type == RelationType.annotation ? relation["key"]?.string.map { Array($0.utf8) } : nil
    // What is encrypted has its new content inside.
    // spec: client-server-api#validity-of-replacement-events
    isEdit =
      type == RelationType.replacement && !isState
      && (content["m.new_content"]?.kind == .object || eventType == "m.room.encrypted")
  }

  private static func isStorable(_ type: String) -> Bool {
    !type.isEmpty && type.utf8.count <= typeLimit && !type.utf8.contains(0)
  }

  private static let mark = Array("\"rel_type\"".utf8)

  /// Cheap, for the many events that have no relation at all.
  private static func mayRelate(_ content: [UInt8]) -> Bool {
    guard content.count > mark.count else { return false }
    return (0...(content.count - mark.count)).contains { start in
      content[start + 1] == mark[1] && content[start..<start + mark.count].elementsEqual(mark)
    }
  }
}

/// Why an event may not relate to another one as it wants to.
package enum BadRelation: String, Sendable {
  /// The same user has said the same of the same event.
  /// spec: client-server-api#avoiding-duplicate-annotations
  case duplicateAnnotation = "duplicate_annotation"
  case longKey = "long_key"
  /// A thread cannot begin at an event that belongs to another one.
  /// spec: client-server-api#validation-of-mthread-relationships
  case threadOnRelation = "thread_on_relation"
}
