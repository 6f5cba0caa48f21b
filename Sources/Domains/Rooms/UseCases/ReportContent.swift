package import Accounts
package import Executors
package import MatrixIdentifiers
import RoomEvents

/// Takes users' reports of what administrators should look at.
/// spec: client-server-api#reporting-content
package struct ReportContent: Sendable {
  /// Unicode scalars of a reason.
  package static let reasonLimit = 1000

  private let reports: ReportStore
  private let states: StateStore
  private let memberships: MembershipStore
  private let read: ReadRoom
  private let profiles: Profiles
  private let serverName: ServerName
  private let clock: any WallClock

  package init(
    reports: ReportStore, states: StateStore, memberships: MembershipStore, read: ReadRoom,
    profiles: Profiles, serverName: ServerName, clock: any WallClock
  ) {
    self.reports = reports
    self.states = states
    self.memberships = memberships
    self.read = read
    self.profiles = profiles
    self.serverName = serverName
    self.clock = clock
  }

  /// - Throws: `RoomError.unknownEvent` also for a user who is not in the room.
  package func report(
    _ event: EventID, in room: RoomID, by reporter: UserID, reason: String?, score: Int64?
  ) async throws {
    if let reason { try check(reason) }
    guard
      try await memberships.membership(of: reporter, in: room)?.membership == Membership.join
    else { throw RoomError.unknownEvent }
    _ = try await read.event(event, in: room, for: reporter)
    try await reports.add(
      event, in: room, by: reporter, reason: reason, score: score, now: clock.now())
  }

  /// Whoever has seen a room may report it, from outside as well.
  package func report(_ room: RoomID, by reporter: UserID, reason: String) async throws {
    try check(reason)
    guard try await states.current(room, .create) != nil else { throw RoomError.unknownRoom }
    try await reports.add(room, by: reporter, reason: reason, now: clock.now())
  }

  /// - Throws: `AccountError.unknownProfile` for a user whom this server should know.
  package func report(_ target: UserID, by reporter: UserID, reason: String) async throws {
    try check(reason)
    if target.serverName == serverName { _ = try await profiles.profile(of: target) }
    try await reports.add(target, by: reporter, reason: reason, now: clock.now())
  }

  private func check(_ reason: String) throws(RoomError) {
    guard reason.unicodeScalars.count <= Self.reasonLimit, !reason.utf8.contains(0) else {
      throw .invalid("reason")
    }
  }
}
