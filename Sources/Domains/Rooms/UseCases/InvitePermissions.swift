package import MatrixIdentifiers

/// Who wants no invitations; bound by the runtime, as what users wish is kept above rooms.
///
/// spec: client-server-api#invite-permission
package protocol InvitePermissions: Sendable {
  /// Those of the users who want none from anybody.
  func blocking(_ users: [UserID]) async throws -> Set<UserID>
}

extension InvitePermissions {
  /// - Throws: `RoomError.inviteBlocked` when one of the users wants no invitation.
  func check(_ users: [UserID]) async throws {
    guard !users.isEmpty else { return }
    if let user = try await blocking(users).min(by: { $0.text < $1.text }) {
      throw RoomError.inviteBlocked(user)
    }
  }
}
