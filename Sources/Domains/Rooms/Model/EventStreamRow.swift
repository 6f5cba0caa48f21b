import MatrixIdentifiers
package import MatrixJSON
import PushRules
import RoomEvents
import Streams

/// How a stored event travels in the events stream.
package enum EventStreamRow {
  package enum DecodingError: Error, Sendable {
    case malformed(field: String)
  }

  package static func encode(_ stored: StoredEvent) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    // Events of other servers can come after what relates to them.
    if stored.mayHaveChildren {
      writer.key("children")
      writer.bool(true)
    }
    if let delayID = stored.delayID {
      writer.key("delay")
      writer.string(delayID)
    }
    writer.key("event")
    writer.raw(stored.event.bytes)
    writer.key("id")
    writer.string(stored.event.eventID.text)
    writer.key("ordering")
    writer.integer(stored.streamOrdering)
    if let push = stored.push, !push.isSilent {
      writer.key("push")
      writer.raw(push.encoded)
    }
    if let redactedBy = stored.redactedBy {
      writer.key("redacted_by")
      writer.string(redactedBy.text)
    }
    writer.key("replaced")
    writer.raw([UInt8(ascii: "{")] + stored.replaced + [UInt8(ascii: "}")])
    writer.key("room_version")
    writer.string(stored.event.version.id)
    if let transaction = stored.transaction {
      writer.key("transaction")
      writer.beginArray()
      writer.string(transaction.deviceID)
      writer.string(transaction.transactionID)
      writer.endArray()
    }
    writer.key("unsigned")
    writer.raw([UInt8(ascii: "{")] + stored.unsigned + [UInt8(ascii: "}")])
    writer.key("writer")
    writer.integer(Int64(stored.writer.raw))
    writer.endObject()
    return writer.bytes
  }

  package static func decode(_ row: JSONView) throws -> StoredEvent {
    guard let versionID = row["room_version"]?.string, let version = RoomVersion(id: versionID)
    else { throw DecodingError.malformed(field: "room_version") }
    guard let id = row["id"]?.string, let eventID = EventID(id) else {
      throw DecodingError.malformed(field: "id")
    }
    guard let ordering = row["ordering"]?.integer, let writer = row["writer"]?.integer,
      let writerID = Int32(exactly: writer)
    else { throw DecodingError.malformed(field: "ordering") }
    guard let eventText = row["event"]?.rawBytes else {
      throw DecodingError.malformed(field: "event")
    }
    return StoredEvent(
      event: try Event(bytes: Array(eventText), version: version, eventID: eventID),
      streamOrdering: ordering, writer: WriterID(raw: writerID),
      replaced: try members(row, "replaced"), unsigned: try members(row, "unsigned"),
      transaction: transaction(row["transaction"]),
      redactedBy: row["redacted_by"]?.string.flatMap { EventID($0) },
      delayID: row["delay"]?.string,
      push: try row["push"].map { try EventPush($0) },
      mayHaveChildren: row["children"]?.bool ?? false)
  }

  /// Of an object, without the braces.
  private static func members(_ row: JSONView, _ field: String) throws -> [UInt8] {
    guard let object = row[field], object.kind == .object else {
      throw DecodingError.malformed(field: field)
    }
    return Array(object.rawBytes.dropFirst().dropLast())
  }

  private static func transaction(_ pair: JSONView?) -> SendingTransaction? {
    guard let deviceID = pair?[0]?.string, let transactionID = pair?[1]?.string else { return nil }
    return SendingTransaction(deviceID: deviceID, transactionID: transactionID)
  }
}
