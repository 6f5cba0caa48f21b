import EventAuth
package import MatrixIdentifiers
package import MatrixJSON
import RoomEvents

/// Sends messages, state and redactions on a user's behalf.
package struct SendEvent: Sendable {
  private let persister: any EventPersister
  private let aliases: AliasStore
  private let states: StateStore
  private let invitations: (any InvitePermissions)?
  private let guests: GuestStore?

  package init(
    persister: any EventPersister, aliases: AliasStore, states: StateStore,
    invitations: (any InvitePermissions)? = nil, guests: GuestStore? = nil
  ) {
    self.invitations = invitations
    self.guests = guests
    self.persister = persister
    self.aliases = aliases
    self.states = states
  }

  /// spec: client-server-api#put_matrixclientv3roomsroomidsendeventtypetxnid
  package func message(
    in room: RoomID, type: String, content: JSONView, sender: UserID,
    transaction: TransactionKey, timestamp: Int64? = nil
  ) async throws -> EventID {
    var intent = try await intent(in: room, type: type, content: content, sender: sender)
    intent.transaction = transaction
    intent.timestamp = timestamp
    return try await persist(intent, in: room)
  }

  /// spec: client-server-api#put_matrixclientv3roomsroomidstateeventtypestatekey
  package func state(
    in room: RoomID, type: String, stateKey: String, content: JSONView, sender: UserID,
    timestamp: Int64? = nil
  ) async throws -> EventID {
    var intent = try await intent(
      in: room, type: type, stateKey: stateKey, content: content, sender: sender)
    intent.timestamp = timestamp
    if let guests, GuestAccess.isClosing(intent) {
      return try await GuestDepartures(persister: persister, guests: guests)
        .persist(intent, in: room)
    }
    return try await persist(intent, in: room)
  }

  /// What a client's request means for the room's owner, after the checks that are not its.
  /// - Throws: `RoomError`.
  package func intent(
    in room: RoomID, type: String, stateKey: String? = nil, content: JSONView, sender: UserID
  ) async throws -> EventIntent {
    switch type {
    case EventType.create:
      throw RoomError.refused(
        AuthRejection(rule: "create", reason: "A room has one m.room.create event only"))
    case EventType.canonicalAlias where stateKey != nil:
      try await checkAliases(content, of: room)
    case EventType.member:
      guard let stateKey else { break }
      try Self.checkMembership(content)
      if content["membership"]?.string == Membership.invite, let user = UserID(stateKey) {
        try await invitations?.check([user])
      }
    default: break
    }
    let dropped = stateKey == nil ? [] : Self.reservedKeys(of: type)
    return EventIntent(
      type: type, stateKey: stateKey, sender: sender,
      content: try Self.canonical(content, dropping: dropped),
      redacts: stateKey == nil ? try Self.target(of: type, content) : nil)
  }

  private static func target(of type: String, _ content: JSONView) throws -> EventID? {
    guard type == EventType.redaction else { return nil }
    guard let target = content["redacts"]?.string.flatMap({ EventID($0) }) else {
      throw RoomError.badContent("a redaction needs the id of an event in `redacts`")
    }
    return target
  }

  /// What only this server may say: this names who lets a user into a restricted room, and as the
  /// server signs the event itself, the rules of authorisation would believe it.
  private static func reservedKeys(of type: String) -> Set<String> {
    type == EventType.member ? ["join_authorised_via_users_server"] : []
  }

  /// spec: client-server-api#put_matrixclientv3roomsroomidredacteventidtxnid
  package func redaction(
    of event: EventID, in room: RoomID, reason: String?, sender: UserID,
    transaction: TransactionKey
  ) async throws -> EventID {
    let content: [String: JSON] = reason.map { ["reason": .string($0)] } ?? [:]
    return try await persist(
      EventIntent(
        type: EventType.redaction, sender: sender, content: JSON.object(content).bytes,
        redacts: event, transaction: transaction),
      in: room)
  }

  private func persist(_ intent: EventIntent, in room: RoomID) async throws -> EventID {
    let events: [PersistedEvent]
    do {
      events = try await persister.persist(PersistRequest(roomID: room, intents: [intent]))
    } catch {
      // A room that does not exist looks to its non-members like any other.
      throw error == .unknownRoom ? RoomError.notInRoom : RoomError(error)
    }
    guard let event = events.first else { throw RoomError.unavailable("no event was made") }
    return event.eventID
  }

  /// - Parameter dropping: keys that are left out.
  /// - Throws: `RoomError.badContent`.
  package static func canonical(_ content: JSONView, dropping: Set<String> = []) throws -> [UInt8] {
    guard content.kind == .object else { throw RoomError.badContent("the content is no object") }
    do {
      // Which numbers the room's version allows is known where the event is built.
      return try canonicalJSON(content, dropping: dropping, numbers: .all)
    } catch {
      throw RoomError.badContent("the content has no canonical form")
    }
  }

  private static func checkMembership(_ content: JSONView) throws {
    let known = ["join", "invite", "leave", "ban", "knock"]
    guard let membership = content["membership"]?.string, known.contains(membership) else {
      throw RoomError.badContent("`membership` must be one of \(known.joined(separator: ", "))")
    }
  }

  /// A name that does not lead here may not be announced. One that was announced before may stay,
  /// wherever it leads by now.
  /// spec: client-server-api#put_matrixclientv3roomsroomidstateeventtypestatekey
  private func checkAliases(_ content: JSONView, of room: RoomID) async throws {
    let announced = try AnnouncedAliases(content)
    guard !announced.isEmpty else { return }
    let current = try await states.current(room, StateTuple(EventType.canonicalAlias))
    let news = announced.added(to: current.flatMap { try? AnnouncedAliases($0.event.content) })
    let rooms = try await aliases.rooms(named: news)
    if let stray = news.first(where: { rooms[$0] != room }) {
      throw RoomError.badAlias("Room alias \(stray) does not point to the room")
    }
  }
}
