package import MatrixIdentifiers

/// What a client asks /sync for. Equal requests get the same answer.
package struct SyncRequest: Sendable, Hashable {
  /// Whether the state that is told leads up to the start of a timeline or to its end.
  package enum StateForm: Sendable {
    case beforeTimeline
    case afterTimeline
    /// The same, under the name that it had before it became part of the specification.
    case afterTimelineUnstable
  }

  package var userID: UserID
  package var deviceID: String?
  package var since: SyncToken?
  /// How long to wait for news when there is none.
  package var timeout: Duration
  package var fullState: Bool
  package var filter: SyncFilter
  package var stateForm = StateForm.beforeTimeline

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
