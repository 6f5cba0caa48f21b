import EventAuth
import MatrixIdentifiers
import RoomEvents

/// What is to be stored of a received event and what changes along with it.
struct InboundPlan: Sendable {
  let event: Event
  let number: Int64
  let kind: ReceiptKind
  let standing: EventStanding
  /// Why it does not count, if so.
  let reason: AuthRejection?
  /// Whether it is stored as an outlier so far.
  let wasOutlier: Bool
  /// Apart from the current state as it was before the event. Nil for outliers, of which nobody
  /// knows it.
  let stateBefore: StateDifference?
  /// The previous events that are here.
  let previous: [EventID]
  let missingPrevious: [EventID]
  /// The nodes of what it cites.
  let cited: [ChainNode]
  /// Of the state before the event, as far as it has any.
  let powerLevels: Event?
  let create: Event?
  /// Nil when the ends of the room stay as they are.
  var ends: RoomEnds?
}

extension InboundPlan {
  /// Whether the sender may redact whatever they like where the event stands.
  ///
  /// spec: rooms/v3#handling-redactions
  var senderMayRedact: Bool {
    // Up to version 2 the rules of authorisation have seen to it.
    guard !event.version.rules.redactionsNeedAuthority else { return true }
    let levels = PowerLevels(event: powerLevels, create: create)
    return levels.level(of: event.sender) >= levels.redact
  }
}

/// The ends of a room and the state that they come to.
struct RoomEnds: Sendable {
  /// Without the event itself.
  let others: [EventID: Int64]
  let isEnd: Bool
  let depth: Int64
  /// What changes in the current state.
  var change: StateDifference
}
