package import MatrixIdentifiers

/// What a client asks /sync for.
package struct SyncRequest: Sendable {
  package var userID: UserID
  package var deviceID: String?
  package var since: SyncToken?
  /// How long to wait for news when there is none.
  package var timeout: Duration
  package var fullState: Bool
  package var filter: SyncFilter

  package init(
    userID: UserID, deviceID: String?, since: SyncToken?, timeout: Duration, fullState: Bool,
    filter: SyncFilter
  ) {
    self.userID = userID
    self.deviceID = deviceID
    self.since = since
    self.timeout = timeout
    self.fullState = fullState
    self.filter = filter
  }
}
