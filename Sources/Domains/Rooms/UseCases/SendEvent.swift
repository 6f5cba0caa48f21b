package import MatrixIdentifiers
package import MatrixJSON
import RoomEvents

/// Sends messages, state and redactions on a user's behalf.
package struct SendEvent: Sendable {
  private let persister: any EventPersister
  private let aliases: AliasStore

  package init(persister: any EventPersister, aliases: AliasStore) {
    self.persister = persister
    self.aliases = aliases
  }

  /// spec: client-server-api#put_matrixclientv3roomsroomidsendeventtypetxnid
  package func message(
    in room: RoomID, type: String, content: JSONView, sender: UserID,
    transaction: TransactionKey, timestamp: Int64? = nil
  ) async throws -> EventID {
    var redacts: EventID?
    if type == EventType.redaction {
      guard let target = content["redacts"]?.string.flatMap({ EventID($0) }) else {
        throw RoomError.badContent("a redaction needs the id of an event in `redacts`")
      }
      redacts = target
    }
    return try await persist(
      EventIntent(
        type: type, sender: sender, content: try Self.canonical(content), redacts: redacts,
        timestamp: timestamp, transaction: transaction),
      in: room)
  }

  /// spec: client-server-api#put_matrixclientv3roomsroomidstateeventtypestatekey
  package func state(
    in room: RoomID, type: String, stateKey: String, content: JSONView, sender: UserID,
    timestamp: Int64? = nil
  ) async throws -> EventID {
    switch type {
    case EventType.canonicalAlias: try await checkAliases(content, of: room)
    case EventType.member: try Self.checkMembership(content)
    default: break
    }
    return try await persist(
      EventIntent(
        type: type, stateKey: stateKey, sender: sender, content: try Self.canonical(content),
        timestamp: timestamp),
      in: room)
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

  static func canonical(_ content: JSONView) throws -> [UInt8] {
    guard content.kind == .object else { throw RoomError.badContent("the content is no object") }
    do {
      // Which numbers the room's version allows is known where the event is built.
      return try canonicalJSON(content, numbers: .all)
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

  /// An alias that does not lead here may not be announced.
  /// spec: client-server-api#mroomcanonical_alias
  private func checkAliases(_ content: JSONView, of room: RoomID) async throws {
    var names: [String] = []
    if let alias = content["alias"], !alias.isNull {
      guard let name = alias.string else { throw RoomError.invalid("alias") }
      if !name.isEmpty { names.append(name) }
    }
    if let list = content["alt_aliases"] {
      guard list.kind == .array else { throw RoomError.invalid("alt_aliases") }
      for element in list.elements {
        guard let name = element.string else { throw RoomError.invalid("alt_aliases") }
        names.append(name)
      }
    }
    for name in names {
      guard let alias = RoomAlias(name) else { throw RoomError.invalid("alias") }
      guard try await aliases.room(named: alias) == room else {
        throw RoomError.badAlias("Room alias \(name) does not point to the room")
      }
    }
  }
}
