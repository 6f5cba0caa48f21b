package import MatrixIdentifiers
import RoomEvents

/// What users sent who have been erased since is shown without its content to those who were not
/// in the room when it was sent.
/// spec: client-server-api#post_matrixclientv3accountdeactivate (`erase`)
package struct ErasedContent: Sendable {
  private let senders: Set<UserID>
  private let memberships: MembershipHistory

  /// - Parameters:
  ///   - senders: who has been erased.
  ///   - memberships: the reader's.
  package init(of senders: Set<UserID>, readBy memberships: MembershipHistory) {
    self.senders = senders
    self.memberships = memberships
  }

  func hides(_ stored: StoredEvent) -> Bool {
    !senders.isEmpty && senders.contains(stored.event.sender)
      && !memberships.isJoined(at: stored.streamOrdering)
  }

  package func shown(_ stored: StoredEvent) -> StoredEvent {
    hides(stored) ? Redaction.hidden(stored) : stored
  }
}

extension EventStore {
  /// Makes no query for a reader who was in the room at all of the events.
  func erasedContent(
    among events: [StoredEvent], readBy memberships: MembershipHistory
  ) async throws -> ErasedContent {
    ErasedContent(
      of: try await erasedUsers(among: memberships.strangers(among: events)),
      readBy: memberships)
  }
}

extension MembershipHistory {
  /// Who sent events at which the reader was not in the room.
  package func strangers(among events: [StoredEvent]) -> Set<UserID> {
    guard self != .alwaysJoined else { return [] }
    return Set(events.lazy.filter { !isJoined(at: $0.streamOrdering) }.map(\.event.sender))
  }
}
