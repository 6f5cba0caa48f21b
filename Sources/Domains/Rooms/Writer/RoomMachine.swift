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
  /// - Parameters:
  ///   - number: the event's; it becomes the room's number too.
  ///   - salt: new.
  package func create(
    _ creation: RoomCreation, roomID: RoomID, number: Int64, salt: StateSalt
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
      roomID: roomID, version: creation.version, forwardExtremities: [], depth: 0, state: [:],
      cursor: StateCursor(room: number, salt: salt))
    try Self.checkAllowed(event, in: head)
    let (edit, _) = Self.advance(&head, by: event, number: number)
    return (
      head,
      PlannedEvent(
        number: number, event: event, replaced: [], edit: edit, changesAccess: false,
        transaction: nil, redaction: nil)
    )
  }

  /// Applies the intents in order; on an error the head is as it was.
  /// - Parameters:
  ///   - redactionTargets: the events named by `redacts`, as far as this room has them.
  ///   - numbers: for the events; one for each intent is enough.
  ///   - now: milliseconds since the epoch.
  package func apply(
    _ intents: [EventIntent], to head: inout RoomHead, redactionTargets: [EventID: Event],
    numbers: ArraySlice<Int64>, now: Int64
  ) throws(PersistError) -> [IntentOutcome] {
    var undo: [HeadUndo] = []
    var numbers = numbers
    var outcomes: [IntentOutcome] = []
    do throws(PersistError) {
      for intent in intents {
        var targets = redactionTargets
        for case .write(let earlier) in outcomes { targets[earlier.event.eventID] = earlier.event }
        let outcome = try applyOne(
          intent, to: &head, targets: targets, number: numbers.first, now: now, undo: &undo)
        if case .write = outcome { numbers.removeFirst() }
        outcomes.append(outcome)
      }
    } catch {
      for step in undo.reversed() { step.apply(to: &head) }
      throw error
    }
    return outcomes
  }

  private func applyOne(
    _ intent: EventIntent, to head: inout RoomHead, targets: [EventID: Event], number: Int64?,
    now: Int64, undo: inout [HeadUndo]
  ) throws(PersistError) -> IntentOutcome {
    try checkMembership(intent, in: head)
    let current = intent.stateKey.flatMap {
      head.state[StateTuple(intent.type, $0)]?.event
    }
    if let current, current.sender == intent.sender, Self.sameContent(current, intent.content) {
      return .unchanged(current.eventID)
    }
    guard let number else { throw .unavailable(reason: "there is no number for the event") }
    let event = try build(intent, on: head, now: now)
    try Self.checkAllowed(event, in: head)
    let redaction = try planRedaction(by: event, in: head, targets: targets, now: now)
    let (edit, advanced) = Self.advance(&head, by: event, number: number)
    var step = advanced
    if let redacted = redaction?.redacted, let stateKey = redacted.stateKey {
      let key = StateTuple(redacted.type, stateKey)
      if let entry = head.state[key], entry.eventID == redacted.eventID {
        step.replaced.append((key, entry))
        head.install(redacted, number: entry.number)
      }
    }
    undo.append(step)
    return .write(
      PlannedEvent(
        number: number, event: event, replaced: current.map { ReplacedState.members($0) } ?? [],
        edit: edit, changesAccess: AccessHistory.changes(by: event, after: current),
        transaction: intent.transaction, redaction: redaction, delayID: intent.delayed?.id))
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
      stateKey: intent.stateKey, content: intent.content, prevEvents: head.nextPrevious,
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

  /// Makes the event an extremity in place of those that it builds on, mostly of all, and, if it
  /// is a state event, current state.
  private static func advance(
    _ head: inout RoomHead, by event: Event, number: Int64
  ) -> (edit: StateEdit?, undo: HeadUndo) {
    var (edit, undo) = (StateEdit?.none, HeadUndo(head))
    if let key = event.stateTuple {
      let placed = head.place(event, key, number: number)
      edit = placed.edit
      undo.replaced.append((key, placed.replaced))
    }
    head.replaceExtremities(by: event)
    head.depth = event.depth
    return (edit, undo)
  }

  private static func sameContent(_ event: Event, _ content: [UInt8]) -> Bool {
    // An event's bytes are canonical, and so is an intent's content.
    event.content.rawBytes.elementsEqual(content)
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
