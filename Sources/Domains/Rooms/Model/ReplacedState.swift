package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// What clients are told of the event whose place a state event took: members of `unsigned`, kept
/// as JSON text without braces.
/// spec: client-server-api#room-event-format (`prev_content`)
enum ReplacedState {
  /// The membership that a member event took the place of; nil when there was none.
  static func membership(_ members: [UInt8]) -> String? {
    guard !members.isEmpty else { return nil }
    return (try? JSONDocument([UInt8(ascii: "{")] + members + [UInt8(ascii: "}")]))?
      .root["prev_content"]?["membership"]?.string
  }

  static func members(_ replaced: Event) -> [UInt8] {
    members(
      content: Array(replaced.content.rawBytes), sender: replaced.sender.text,
      id: replaced.eventID.text)
  }

  private static func members(content: [UInt8], sender: String, id: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("prev_content")
    writer.raw(content)
    writer.key("prev_sender")
    writer.string(sender)
    writer.key("replaces_state")
    writer.string(id)
    writer.endObject()
    return Array(writer.bytes.dropFirst().dropLast())
  }

  /// The members as they are when what was replaced has lost its content.
  static func redacted(_ successor: StoredEvent) -> [UInt8] {
    guard let members = successor.replacedMembers, let content = members["prev_content"] else {
      return successor.replaced
    }
    return self.members(
      content: redactedContent(
        content, type: successor.event.type, version: successor.event.version),
      sender: members["prev_sender"]?.string ?? "", id: members["replaces_state"]?.string ?? "")
  }
}

extension StoredEvent {
  fileprivate var replacedMembers: JSONView? {
    guard !replaced.isEmpty else { return nil }
    return try? JSONDocument([UInt8(ascii: "{")] + replaced + [UInt8(ascii: "}")]).root
  }

  /// The state event that this one took the place of.
  package var replacedEventID: EventID? {
    replacedMembers?["replaces_state"]?.string.flatMap { EventID($0) }
  }

  /// For a member event: the membership that it changed; "none" when there was none before.
  package var previousMembership: String {
    replacedMembers?["prev_content"]?["membership"]?.string ?? "none"
  }

  package func replaces(_ mark: ReplacementMark) -> Bool {
    replaced.count > mark.end.count
      && replaced[(replaced.count - mark.end.count)...] == mark.end[...]
  }
}

/// For looking through many events for the one that took the place of another.
package struct ReplacementMark {
  /// How its members end.
  fileprivate let end: [UInt8]

  package init(of id: EventID) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("replaces_state")
    writer.string(id.text)
    writer.endObject()
    end = Array(writer.bytes.dropFirst().dropLast())
  }
}
