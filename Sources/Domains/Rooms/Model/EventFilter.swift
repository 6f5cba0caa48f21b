package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Which events of its rooms a client asks for. Copies are cheap, and a filter that demands
/// nothing costs nothing.
/// spec: client-server-api#post_matrixclientv3useruseridfilter (`RoomEventFilter`)
package struct EventFilter: Sendable, Hashable {
  /// Types with wildcards in one list: each of them is tried on every event.
  package static let wildcardLimit = 100

  package enum Problem: Error, Sendable, Equatable {
    /// The part of the filter with a value of the wrong kind.
    case malformed(String)
    /// The list with more wildcards than `wildcardLimit`, or too long ones.
    case tooManyWildcards(String)
    /// The list with more entries than `FilterPart.listLimit`.
    case tooLong(String)
    /// A list of ids, and the entry of it that is none.
    case notAnID(String, String)
  }

  /// The most events that the client wants at once.
  package private(set) var limit: Int?
  /// Members are wanted only as far as the events need them.
  package private(set) var lazyLoadsMembers = false
  /// Members are wanted although they were told before; they always are.
  package private(set) var includesRedundantMembers = false
  /// Unread counts of threads are wanted apart from their rooms'.
  package private(set) var countsThreadsApart = false
  /// What has to belong to the events. `matches` does not look at it, as an event does not tell.
  package private(set) var relatedBy: RelatedBy?
  private var demands = Demands.none

  /// Admits everything.
  package init() {}

  package init(_ part: FilterPart) throws(Problem) {
    limit = try part.count("limit")
    lazyLoadsMembers = try part.flag("lazy_load_members") ?? false
    includesRedundantMembers = try part.flag("include_redundant_members") ?? false
    countsThreadsApart = try part.flag("unread_thread_notifications") ?? false
    relatedBy = try RelatedBy(part)
    let criteria = Criteria(
      types: try Self.patterns("types", part),
      excludedTypes: try Self.patterns("not_types", part),
      senders: try part.users("senders"), excludedSenders: try part.users("not_senders") ?? [],
      rooms: try part.rooms("rooms"), excludedRooms: try part.rooms("not_rooms") ?? [],
      containsURL: try part.flag("contains_url"))
    if criteria != Criteria() { demands = .some(criteria) }
  }

  /// Nil when the list demands nothing; an empty list of the types that are wanted does.
  private static func patterns(
    _ key: String, _ part: FilterPart
  ) throws(Problem) -> TypePatterns? {
    guard let texts = try part.strings(key), !texts.isEmpty || key == "types" else { return nil }
    guard let patterns = TypePatterns(texts, wildcardLimit: wildcardLimit) else {
      throw .tooManyWildcards(part.path(key))
    }
    return patterns
  }

  package var admitsEverything: Bool {
    if case .none = demands { true } else { false }
  }

  package func matches(_ stored: StoredEvent) -> Bool {
    switch demands {
    case .none: true
    case .some(let criteria): criteria.admit(stored.event)
    }
  }

  /// For what is no event of a room's history.
  package func matches(type: String, sender: String? = nil, room: RoomID? = nil) -> Bool {
    switch demands {
    case .none: true
    case .some(let criteria):
      criteria.admit(type: type, sender: sender) && room.map { criteria.admit($0) } ?? true
    }
  }

  /// False when no event of this room can match.
  package func admits(_ room: RoomID) -> Bool {
    switch demands {
    case .none: true
    case .some(let criteria): criteria.admit(room)
    }
  }

  /// Kept outside the value itself, which is copied for every room of an answer.
  private indirect enum Demands: Sendable, Hashable {
    case none
    case some(Criteria)
  }
}

/// What is nil or empty demands nothing; exclusion goes before inclusion.
private struct Criteria: Sendable, Hashable {
  var types: TypePatterns?
  var excludedTypes: TypePatterns?
  var senders: Set<String>?
  var excludedSenders: Set<String> = []
  var rooms: Set<String>?
  var excludedRooms: Set<String> = []
  var containsURL: Bool?

  func admit(_ event: Event) -> Bool {
    guard admit(event.roomID), admit(type: event.type, sender: event.sender.text) else {
      return false
    }
    guard let containsURL else { return true }
    return (event.content["url"] != nil) == containsURL
  }

  func admit(type: String, sender: String?) -> Bool {
    if let sender {
      if excludedSenders.contains(sender) { return false }
      if let senders, !senders.contains(sender) { return false }
    }
    if let excludedTypes, excludedTypes.contains(type) { return false }
    return types?.contains(type) ?? true
  }

  func admit(_ room: RoomID) -> Bool {
    !excludedRooms.contains(room.text) && rooms?.contains(room.text) ?? true
  }
}
