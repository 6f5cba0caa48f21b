/// Ends the requester's sessions.
///
/// spec: client-server-api#post_matrixclientv3logout
package struct Logout: Sendable {
  private let deleteDevices: DeleteDevices

  package init(deleteDevices: DeleteDevices) {
    self.deleteDevices = deleteDevices
  }

  /// Deletes the requester's device and with it its tokens.
  package func thisDevice(of requester: Requester) async throws {
    guard let deviceID = requester.deviceID else { return }
    try await deleteDevices([deviceID], of: requester.userID)
  }

  package func allDevices(of requester: Requester) async throws {
    try await deleteDevices.all(of: requester.userID)
  }
}
