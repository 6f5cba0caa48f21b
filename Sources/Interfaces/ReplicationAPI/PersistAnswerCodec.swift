import EventAuth
import MatrixIdentifiers
import MatrixJSON
import Rooms
import Streams

/// How the answer of a room's writer looks between processes.
enum PersistAnswerCodec {
  static func encode(_ events: [PersistedEvent]) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("events")
    writer.beginArray()
    for event in events {
      writer.beginObject()
      writer.key("duplicate")
      writer.bool(event.isDuplicate)
      writer.key("event_id")
      writer.string(event.eventID.text)
      writer.key("ordering")
      writer.integer(event.streamOrdering)
      writer.key("writer")
      writer.integer(Int64(event.writer.raw))
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  static func encode(_ error: PersistError) -> [UInt8] {
    let fields: [String: JSON] =
      switch error {
      case .unknownRoom: ["failure": "unknown_room"]
      case .roomInUse: ["failure": "room_in_use"]
      case .tooLarge: ["failure": "too_large"]
      case .refused(let rejection):
        [
          "failure": "refused", "rule": .string(rejection.rule),
          "reason": .string(rejection.reason),
        ]
      case .badRelation(let problem):
        ["failure": "bad_relation", "relation": .string(problem.rawValue)]
      case .wrongMembership(let current):
        ["failure": "wrong_membership", "membership": .string(current)]
      case .invalid(let reason): ["failure": "invalid", "reason": .string(reason)]
      case .withdrawn(let reason): ["failure": "withdrawn", "reason": .string(reason)]
      case .takenOver(let reason): ["failure": "taken_over", "reason": .string(reason)]
      case .unavailable(let reason): ["failure": "unavailable", "reason": .string(reason)]
      }
    return JSON.object(fields).bytes
  }

  /// The answer of a writer; an answer that makes no sense counts as unavailable.
  static func decode(_ body: [UInt8]) -> Result<[PersistedEvent], PersistError> {
    guard let root = try? JSONDocument(body).root else {
      return .failure(.unavailable(reason: "the room's writer gave no readable answer"))
    }
    if let failure = root["failure"]?.string { return .failure(error(failure, root)) }
    let events = root["events"]?.elements.compactMap(event) ?? []
    return .success(Array(events))
  }

  private static func error(_ failure: String, _ root: JSONView) -> PersistError {
    let reason = root["reason"]?.string ?? ""
    switch failure {
    case "unknown_room": return .unknownRoom
    case "room_in_use": return .roomInUse
    case "too_large": return .tooLarge
    case "refused":
      return .refused(AuthRejection(rule: root["rule"]?.string ?? "", reason: reason))
    case "bad_relation":
      guard let problem = root["relation"]?.string.flatMap({ BadRelation(rawValue: $0) }) else {
        return .invalid(reason: "the relation is not allowed")
      }
      return .badRelation(problem)
    case "wrong_membership":
      return .wrongMembership(current: root["membership"]?.string ?? "none")
    case "invalid": return .invalid(reason: reason)
    case "withdrawn": return .withdrawn(reason: reason)
    case "taken_over": return .takenOver(reason: reason)
    default: return .unavailable(reason: reason)
    }
  }

  private static func event(_ view: JSONView) -> PersistedEvent? {
    guard let id = view["event_id"]?.string.flatMap({ EventID($0) }),
      let ordering = view["ordering"]?.integer,
      let writer = view["writer"]?.integer.flatMap({ Int32(exactly: $0) })
    else { return nil }
    return PersistedEvent(
      eventID: id, streamOrdering: ordering, writer: WriterID(raw: writer),
      isDuplicate: view["duplicate"]?.bool ?? false)
  }
}
