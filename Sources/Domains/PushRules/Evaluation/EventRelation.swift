import MatrixIdentifiers
package import MatrixJSON

/// How an event says that it belongs to another one.
///
/// spec: client-server-api#forming-relationships-between-events
package struct EventRelation: Sendable, Equatable {
  /// Events that are looked at on the way to a thread's root.
  /// spec: client-server-api#receiving-notifications
  package static let hopLimit = 3

  let isThread: Bool
  let target: EventID

  package init?(content: JSONView) {
    guard let relation = content["m.relates_to"], let type = relation["rel_type"]?.string,
      let target = relation["event_id"]?.string.flatMap({ EventID($0) })
    else { return nil }
    isThread = sameBytes(type, "m.thread")
    self.target = target
  }
}

extension EventRelation {
  /// - Parameter canonical: an event's content as canonical JSON.
  package init?(canonical: [UInt8]) {
    guard Self.mentionsType(canonical), let content = try? JSONDocument(canonical).root else {
      return nil
    }
    self.init(content: content)
  }

  /// Cheap, for the many events that have no relation at all.
  private static func mentionsType(_ content: [UInt8]) -> Bool {
    let key = Array("\"rel_type\"".utf8)
    guard content.count > key.count else { return false }
    return (0...(content.count - key.count)).contains { start in
      content[start + 1] == key[1] && content[start..<start + key.count].elementsEqual(key)
    }
  }
}

/// The threads of the events that were written or related to lately.
struct ThreadCache: Sendable {
  /// Of each of two generations.
  private static let generationSize = 10_000

  enum Thread: Sendable, Equatable {
    case main
    case root(EventID)

    init(_ root: EventID?) {
      self = root.map { .root($0) } ?? .main
    }

    var root: EventID? {
      if case .root(let id) = self { id } else { nil }
    }
  }

  private var young: [EventID: Thread] = [:]
  private var old: [EventID: Thread] = [:]

  subscript(_ event: EventID) -> Thread? {
    young[event] ?? old[event]
  }

  mutating func insert(_ thread: Thread, for event: EventID) {
    if young.count >= Self.generationSize { (old, young) = (young, [:]) }
    young[event] = thread
  }

  /// The thread of an event with this relation; nil when the target has to be looked up first.
  func thread(_ relation: EventRelation?) -> Thread? {
    guard let relation else { return .main }
    return relation.isThread ? .root(relation.target) : self[relation.target]
  }
}
