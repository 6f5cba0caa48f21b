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
