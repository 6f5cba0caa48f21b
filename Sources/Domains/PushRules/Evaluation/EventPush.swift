package import MatrixIdentifiers
package import MatrixJSON

/// What an event means to the users of this server who are in its room, found out once when the
/// event is written.
package struct EventPush: Sendable, Equatable {
  /// A user for whom the event does something else than for most.
  package struct Difference: Sendable, Equatable {
    package let user: UserID
    /// Nil for no notification.
    package let actions: PushActionList?
    /// Whether the user's counts follow those of the room: see `UnreadStore`.
    package let follows: Bool

    package init(user: UserID, actions: PushActionList?, follows: Bool) {
      self.user = user
      self.actions = actions
      self.follows = follows
    }
  }

  /// From this event on a user's counts follow those of the room, or no longer do.
  package struct Turn: Sendable, Equatable {
    package let user: UserID
    package let follows: Bool

    package init(user: UserID, follows: Bool) {
      self.user = user
      self.follows = follows
    }
  }

  /// The root of the thread that the event is in; nil for the main timeline.
  package var thread: EventID?
  /// For everybody who follows and is not named below, except for the sender; nil for no
  /// notification.
  package var shared: PushActionList?
  package var differences: [Difference]
  package var turns: [Turn]
  /// A user of this server whom the event brings into the room.
  package var joined: UserID?

  package init(
    thread: EventID? = nil, shared: PushActionList? = nil, differences: [Difference] = [],
    turns: [Turn] = [], joined: UserID? = nil
  ) {
    self.thread = thread
    self.shared = shared
    self.differences = differences
    self.turns = turns
    self.joined = joined
  }

  /// What most events mean that notify anybody; of it nothing but the totals is stored.
  static let usual = EventPush(shared: .notify)

  /// Whether nobody hears of the event and it is in no thread: nothing is stored of it then.
  package var isSilent: Bool {
    thread == nil && shared == nil && differences.isEmpty && turns.isEmpty
  }

  /// For one user who is in the room and did not send the event.
  /// - Parameter follows: whether the user's counts follow those of the room.
  /// - Returns: nil for no notification.
  package func actions(for user: UserID, follows: Bool) -> PushActionList? {
    if let difference = differences.first(where: { $0.user == user }) { return difference.actions }
    return follows ? shared : nil
  }
}

/// How it is stored and sent to other processes.
extension EventPush {
  package enum DecodingError: Error, Sendable {
    case malformed
  }

  /// A JSON object.
  package var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if !differences.isEmpty {
      writer.key("differences")
      writer.beginArray()
      for difference in differences { Self.write(difference, to: &writer) }
      writer.endArray()
    }
    if let shared {
      writer.key("shared")
      writer.raw(shared.json)
    }
    if let thread {
      writer.key("thread")
      writer.string(thread.text)
    }
    if !turns.isEmpty {
      writer.key("turns")
      writer.beginObject()
      for turn in turns {
        writer.key(turn.user.text)
        writer.bool(turn.follows)
      }
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  private static func write(_ difference: Difference, to writer: inout JSONWriter) {
    writer.beginArray()
    writer.string(difference.user.text)
    writer.bool(difference.follows)
    if let actions = difference.actions { writer.raw(actions.json) }
    writer.endArray()
  }

  /// - Parameter stored: nil for what most events mean that notify anybody.
  /// - Throws: `JSONError`, `DecodingError`, `PushRuleError`.
  package init(stored: [UInt8]?) throws {
    guard let stored else {
      self = .usual
      return
    }
    try self.init(try JSONDocument(stored).root)
  }

  /// - Throws: `DecodingError`, `PushRuleError`.
  package init(_ view: JSONView) throws {
    self.init(
      thread: try view["thread"].map { try Self.identifier($0.string) },
      shared: try view["shared"].map { try PushActionList($0) },
      differences: try view["differences"]?.elements.map { entry in
        Difference(
          user: try Self.identifier(entry[0]?.string),
          actions: try entry[2].map { try PushActionList($0) }, follows: entry[1]?.bool ?? false)
      } ?? [],
      turns: try view["turns"]?.members.map { user, follows in
        Turn(user: try Self.identifier(user), follows: follows.bool ?? true)
      } ?? [])
  }

  private static func identifier<ID: MatrixIdentifier>(_ text: String?) throws -> ID {
    guard let id = text.flatMap({ ID($0) }) else { throw DecodingError.malformed }
    return id
  }
}
