import MatrixIdentifiers
import RoomEvents

/// Rules that later room versions have given up.
extension AuthorityCheck {
  /// v1 rule 4: each server keeps its own aliases, whether it is in the room or not.
  ///
  /// spec: rooms/v1#authorisation-rules
  func checkAliases() throws(AuthRejection) {
    // v1 rule 4.1.
    guard let server = event.stateKey else { throw AuthRejection(.aliasesStateKey) }
    // v1 rules 4.2 and 4.3.
    guard sameBytes(server, event.sender.serverName.text) else {
      throw AuthRejection(.aliasesServer)
    }
  }

  /// v1 rule 11. Later versions let the redaction in and ask the same before they apply it.
  ///
  /// spec: rooms/v1#authorisation-rules
  func checkRedaction(senderLevel: Int64) throws(AuthRejection) {
    // v1 rule 11.1.
    guard senderLevel < levels.redact else { return }
    // v1 rules 11.2 and 11.3.
    guard let server = event.redacts?.serverName, server == event.eventID.serverName else {
      throw AuthRejection(.redactionLevel)
    }
  }
}
