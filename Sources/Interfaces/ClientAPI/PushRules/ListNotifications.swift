import MatrixIdentifiers
package import PushRules
import RoomEvents
package import Rooms

/// Lists the events that a user was notified of.
///
/// spec: client-server-api#listing-notifications
package struct ListNotifications: Sendable {
  /// Notifications of one answer.
  static let defaultLimit = 50
  static let maximumLimit = 200
  /// Looks at the database for one answer: events that the user sent are left out.
  private static let rounds = 10

  private let notifications: NotificationStore
  private let positions: any ReadPositions
  private let memberships: MembershipStore
  private let events: EventStore

  package init(
    notifications: NotificationStore, positions: any ReadPositions, memberships: MembershipStore,
    events: EventStore
  ) {
    self.notifications = notifications
    self.positions = positions
    self.memberships = memberships
    self.events = events
  }

  struct Item {
    let notification: Notification
    let actions: PushActionList
    let stored: StoredEvent
    let isRead: Bool
  }

  /// The newest first.
  /// - Parameter before: where an earlier answer ended.
  /// - Returns: where to go on, unless that was all.
  func callAsFunction(
    of user: UserID, before: Int64?, limit: Int, onlyHighlights: Bool
  ) async throws -> (items: [Item], next: Int64?) {
    let rooms = try await memberships.rooms(of: user).map(\.roomID)
    var items: [Item] = []
    var place = before ?? .max
    for _ in 0..<Self.rounds {
      let wanted = limit - items.count
      let page = try await notifications.list(
        user, in: rooms, before: place, onlyHighlights: onlyHighlights, limit: wanted)
      items += try await self.items(page, of: user)
      guard page.count == wanted, let last = page.last else { return (items, nil) }
      place = last.streamOrdering
      if items.count == limit { break }
    }
    return (items, place)
  }

  private func items(_ page: [Notification], of user: UserID) async throws -> [Item] {
    let stored = Dictionary(
      try await events.events(at: page.map(\.streamOrdering)).map { ($0.streamOrdering, $0) },
      uniquingKeysWith: { first, _ in first })
    let rooms = Array(Set(page.map(\.room)))
    let read =
      try await positions.positions(of: user, in: rooms)
      + (try await notifications.readPositions(of: user, in: rooms))
    return page.compactMap { notification in
      guard let event = stored[notification.streamOrdering], event.event.sender != user,
        let actions = notification.actions
      else { return nil }
      let isRead = read.contains { position in
        position.room == notification.room
          && (position.thread == nil || position.thread == notification.thread)
          && position.streamOrdering >= notification.streamOrdering
      }
      return Item(
        notification: notification, actions: actions, stored: event, isRead: isRead)
    }
  }
}
