/// How the state after a fork is found.
package enum StateResolutionAlgorithm: Sendable {
  /// spec: rooms/v1#state-resolution
  case v1
  /// spec: rooms/v2#state-resolution
  case v2
  /// spec: rooms/v12#state-resolution
  case v2Point1
}

/// What the id of an event is.
package enum EventIDForm: Sendable {
  /// Chosen by the event's server and stated in the event.
  case stated
  /// The reference hash in plain base64.
  case hash
  /// The reference hash in URL-safe base64.
  case urlSafeHash
}

/// Where the create event names who made the room.
package enum CreatorProperty: Sendable {
  /// `content.creator`
  case content
  /// The event's own sender.
  case sender
}

/// Where a redaction names the event that it redacts.
package enum RedactsProperty: Sendable {
  case topLevel
  case content
}

/// Values of `join_rule` with a meaning.
package enum JoinRule: String, Sendable {
  case `public`
  case invite
  case knock
  case restricted
  case knockRestricted = "knock_restricted"
}

/// How power levels may be written.
package enum PowerLevelForm: Sendable {
  case integer
  /// Also as a string of an integer.
  case integerOrText
  /// Also as a string, and as a number with a fraction, which does not count.
  case numberOrText
}
