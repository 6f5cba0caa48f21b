import EventAuth
package import MatrixCrypto
package import MatrixIdentifiers
import MatrixJSON
package import RoomEvents

/// Decides what intents do to a room. Pure: everything it needs is in its arguments.
package struct RoomMachine: Sendable {
  private let serverName: ServerName
  private let signingKey: SigningKey

  package init(serverName: ServerName, signingKey: SigningKey) {
    self.serverName = serverName
    self.signingKey = signingKey
  }

  /// The state entries whose events must be loaded into the head before `apply`.
  package static func neededState(
    for intent: EventIntent, version: RoomVersion
  ) throws(PersistError) -> [StateTuple] {
    let content = try parse(intent.content)
    var keys = authEventKeys(
      type: intent.type, stateKey: intent.stateKey, sender: intent.sender, content: content,
      version: version)
    keys.append(StateTuple("m.room.create", ""))
    keys.append(StateTuple("m.room.power_levels", ""))
    if let stateKey = intent.stateKey {
      keys.append(StateTuple(intent.type, stateKey))
    }
    return keys
  }

  /// Takes a room's create event as its first.
  package func create(
    _ creation: RoomCreation, roomID: RoomID
  ) throws(PersistError) -> (RoomHead, PlannedEvent) {
    let event: Event
    do {
      event = try Event(bytes: creation.createEvent, version: creation.version)
    } catch {
      throw .invalid(reason: "the create event is malformed")
    }
    guard event.roomID == roomID else {
      throw .invalid(reason: "the create event names another room")
    }
    var head = RoomHead(
      roomID: roomID, version: creation.version, forwardExtremities: [], depth: 0, state: [:])
    try Self.checkAllowed(event, in: head)
    _ = Self.advance(&head, by: event)
    return (
      head, PlannedEvent(event: event, unsigned: [], transaction: nil, redaction: nil)
    )
  }

  /// Applies the intents in order; on an error the head is as it was.
  /// - Parameters:
  ///   - redactionTargets: the events named by `redacts`, as far as this room has them.
  ///   - now: milliseconds since the epoch.
  package func apply(
    _ intents: [EventIntent], to head: inout RoomHead, redactionTargets: [EventID: Event],
    now: Int64
  ) throws(PersistError) -> [IntentOutcome] {
    var undo: [HeadUndo] = []
    var outcomes: [IntentOutcome] = []
    do throws(PersistError) {
      for intent in intents {
        var targets = redactionTargets
        for case .write(let earlier) in outcomes { targets[earlier.event.eventID] = earlier.event }
        outcomes.append(
          try applyOne(intent, to: &head, targets: targets, now: now, undo: &undo))
      }
    } catch {
      for step in undo.reversed() { step.apply(to: &head) }
      throw error
    }
    return outcomes
  }

  private func applyOne(
    _ intent: EventIntent, to head: inout RoomHead, targets: [EventID: Event], now: Int64,
    undo: inout [HeadUndo]
  ) throws(PersistError) -> IntentOutcome {
    try checkMembership(intent, in: head)
    let current = intent.stateKey.flatMap {
      head.state[StateTuple(intent.type, $0)]?.event
    }
    if let current, current.sender == intent.sender, Self.sameContent(current, intent.content) {
      return .unchanged(current.eventID)
    }
    let event = try build(intent, on: head, now: now)
    try Self.checkAllowed(event, in: head)
    let redaction = try planRedaction(by: event, in: head, targets: targets, now: now)
    var step = Self.advance(&head, by: event)
    if let redacted = redaction?.redacted, let stateKey = redacted.stateKey {
      let key = StateTuple(redacted.type, stateKey)
      if let entry = head.state[key], entry.eventID == redacted.eventID {
        step.replaced.append((key, entry))
        head.replace(key, with: StateEntry(eventID: redacted.eventID, event: redacted))
      }
    }
    undo.append(step)
    return .write(
      PlannedEvent(
        event: event, unsigned: Self.unsigned(replacing: current),
        transaction: intent.transaction, redaction: redaction))
  }

  private func checkMembership(
    _ intent: EventIntent, in head: RoomHead
  ) throws(PersistError) {
    guard let required = intent.requiredMemberships, let userID = intent.stateKey else { return }
    let current = head.membership(of: userID)
    guard required.contains(current) else { throw .wrongMembership(current: current) }
  }

  private func build(
    _ intent: EventIntent, on head: RoomHead, now: Int64
  ) throws(PersistError) -> Event {
    let content = try Self.parse(intent.content)
    guard intent.type != EventType.powerLevels || PowerLevels.areIntegers(in: content) else {
      throw .invalid(reason: "a power level is not an integer")
    }
    let keys = authEventKeys(
      type: intent.type, stateKey: intent.stateKey, sender: intent.sender, content: content,
      version: head.version)
    var template = EventTemplate(
      version: head.version, roomID: head.roomID, sender: intent.sender, type: intent.type,
      stateKey: intent.stateKey, content: intent.content, prevEvents: head.forwardExtremities,
      authEvents: keys.compactMap { head.state[$0]?.eventID },
      depth: head.version.rules.depth(after: head.depth),
      originServerTimestamp: intent.timestamp ?? now, redacts: intent.redacts)
    template.referenceHashes = head.referenceHashes(of: keys)
    do {
      return try template.build(serverName: serverName, key: signingKey)
    } catch .tooLarge {
      throw .tooLarge
    } catch .json {
      throw .invalid(reason: "the content has no canonical form")
    } catch {
      throw .invalid(reason: "\(error)")
    }
  }

  private static func checkAllowed(
    _ event: Event, in head: RoomHead
  ) throws(PersistError) {
    do {
      try authorise(event, state: head)
    } catch {
      throw .refused(error)
    }
  }

  /// Makes the event the room's only extremity and, if it is a state event, current state.
  private static func advance(_ head: inout RoomHead, by event: Event) -> HeadUndo {
    var undo = HeadUndo(head)
    if let stateKey = event.stateKey {
      let key = StateTuple(event.type, stateKey)
      undo.replaced.append((key, head.state[key]))
      head.replace(key, with: StateEntry(eventID: event.eventID, event: event))
    }
    head.forwardExtremities = [event.eventID]
    head.extremityHashes = [:]
    head.noteExtremity(event)
    head.depth = event.depth
    return undo
  }

  private static func sameContent(_ event: Event, _ content: [UInt8]) -> Bool {
    // An event's bytes are canonical, and so is an intent's content.
    event.content.rawBytes.elementsEqual(content)
  }

  /// spec: client-server-api#room-event-format (`prev_content`)
  private static func unsigned(replacing previous: Event?) -> [UInt8] {
    guard let previous else { return [] }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("prev_content")
    writer.raw(previous.content.rawBytes)
    writer.key("prev_sender")
    writer.string(previous.sender.text)
    writer.key("replaces_state")
    writer.string(previous.eventID.text)
    writer.endObject()
    return Array(writer.bytes.dropFirst().dropLast())
  }

  static func parse(_ content: [UInt8]) throws(PersistError) -> JSONView {
    do {
      let root = try JSONDocument(content, limits: .event).root
      guard root.kind == .object else {
        throw PersistError.invalid(reason: "the content is no object")
      }
      return root
    } catch let error as PersistError {
      throw error
    } catch {
      throw .invalid(reason: "the content is malformed")
    }
  }
}
