package import MatrixIdentifiers

/// The name under which a client sends an event: repeated, it gives the same event.
package struct TransactionKey: Sendable, Hashable {
  package let userID: UserID
  package let deviceID: String
  package let transactionID: String
  /// What was asked for, as an id counts for one endpoint only: the type of the event to send, or
  /// the event to redact.
  package let endpoint: String

  /// spec: client-server-api#transaction-identifiers
  package init(userID: UserID, deviceID: String, transactionID: String, endpoint: String) {
    self.userID = userID
    self.deviceID = deviceID
    self.transactionID = transactionID
    self.endpoint = endpoint
  }

  /// Clients choose the ids: those that only look the same are two.
  package static func == (left: TransactionKey, right: TransactionKey) -> Bool {
    left.userID == right.userID && sameBytes(left.deviceID, right.deviceID)
      && sameBytes(left.transactionID, right.transactionID)
      && sameBytes(left.endpoint, right.endpoint)
  }
}

/// What somebody wants to happen in a room. The room's owner makes the event from it, as only
/// the owner knows what it follows.
package struct EventIntent: Sendable {
  package var type: String
  package var stateKey: String?
  package var sender: UserID
  /// Canonical JSON of an object.
  package var content: [UInt8]
  package var redacts: EventID?
  /// Milliseconds since the epoch; the owner's clock when nil.
  package var timestamp: Int64?
  package var transaction: TransactionKey?
  /// Set when the event was scheduled earlier.
  package var delayed: DelayedSend?
  /// The memberships of the user named by `stateKey` for which the intent makes sense
  /// ("none" for a user unknown to the room), checked by the owner at the moment of writing.
  package var requiredMemberships: Set<String>?

  package init(
    type: String, stateKey: String? = nil, sender: UserID, content: [UInt8],
    redacts: EventID? = nil, timestamp: Int64? = nil, transaction: TransactionKey? = nil,
    delayed: DelayedSend? = nil, requiredMemberships: Set<String>? = nil
  ) {
    self.type = type
    self.stateKey = stateKey
    self.sender = sender
    self.content = content
    self.redacts = redacts
    self.timestamp = timestamp
    self.transaction = transaction
    self.delayed = delayed
    self.requiredMemberships = requiredMemberships
  }
}
