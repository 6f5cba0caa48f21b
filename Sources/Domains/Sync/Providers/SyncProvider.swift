import MatrixIdentifiers
import Rooms
package import Streams

/// What one stream beside events adds to answers of /sync.
///
/// Invariant: over any two requests of a client, of which the second brings the token of the
/// first, what lies in between is told exactly once; a provider without news costs next to
/// nothing, as every wake-up asks all of them.
package protocol SyncProvider: Sendable {
  var stream: StreamName { get }
  /// Up to where this worker knows of everything.
  var current: VectorToken { get }
  /// - Returns: false when this worker does not come so far within `timeout`.
  func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool
  /// What there is to tell of `(since, now]`.
  func news(for request: ProviderRequest) async throws -> SyncNews
  /// The client has what was told up to its token.
  func acknowledge(_ request: SyncRequest, since: VectorToken) async throws
}

extension SyncProvider {
  package func acknowledge(_ request: SyncRequest, since: VectorToken) async throws {}
}

/// What a provider needs to know of a request.
package struct ProviderRequest: Sendable {
  package let sync: SyncRequest
  /// Nil when the client has nothing yet.
  package let since: VectorToken?
  package let now: VectorToken
  /// The client's and this answer's position in the events.
  let eventsSince: VectorToken?
  let eventsNow: VectorToken
  /// Where the user stands in rooms, as of now.
  let rooms: UserRooms
  /// Rooms whose whole state this answer tells, because they are new to the client.
  let entered: Set<RoomID>

  /// Whether the client has everything of this stream.
  var isUpToDate: Bool {
    since.map { now.isCovered(by: $0) } ?? false
  }

  /// Rooms that the user is joined to and asks about.
  func isTold(_ room: RoomID) -> Bool {
    rooms.memberships[room]?.membership == "join" && sync.filter.admits(room)
  }

  var joinedRooms: some Sequence<RoomID> {
    rooms.memberships.values.lazy.filter {
      $0.membership == "join" && sync.filter.admits($0.roomID)
    }
    .map(\.roomID)
  }
}
