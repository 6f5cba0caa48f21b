package import EventAuth
package import MatrixIdentifiers
package import RoomEvents

/// What the checks on receipt make of an event.
///
/// spec: server-server-api#checks-performed-on-receipt-of-a-pdu
package enum ReceiptVerdict: Sendable, Equatable {
  /// Not to be kept at all; it may come again.
  case drop(DropReason)
  /// - Parameter isRedacted: only the redacted form was found to be genuine.
  case accept(isRedacted: Bool)
  /// Kept, so that it is known, but it counts for nothing.
  case reject(AuthRejection)
  /// Kept and counted, but neither told to clients nor built upon.
  case softFail(AuthRejection)
}

/// Why an event is dropped. Holds nothing of the event's content, so it may be logged.
package enum DropReason: Error, Sendable, Equatable {
  /// Check 1.
  case malformed(EventError)
  /// Check 1: the event is of another room than the one it came for.
  case otherRoom
  /// Check 2: a server that has to sign did not do so with a key that counts.
  case unsigned(ServerName)
  /// Check 2: a signature by a known key is wrong.
  case badSignature(ServerName)
  /// Check 4 cannot be made, as these could not be had.
  case missingAuthEvents([EventID])
}

/// How an event comes to a server, which decides what it has to pass.
package enum ReceiptKind: Sendable, Hashable, CaseIterable {
  /// As news: all checks.
  case live
  /// As history from before what is known: not held against the current state, which is later.
  case history
  /// Because another event cites it: its own place in the room is not known, so it is held only
  /// against what it cites.
  case outlier
}
