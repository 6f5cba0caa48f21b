import EventAuth
import MatrixIdentifiers
import RoomEvents

extension RoomMachine {
  /// What a redaction does to its target. The authorisation rules let every member send one;
  /// whether it takes effect is decided here.
  /// spec: rooms/v11#handling-redactions
  func planRedaction(
    by event: Event, in head: RoomHead, targets: [EventID: Event], now: Int64
  ) throws(PersistError) -> PlannedRedaction? {
    guard event.type == "m.room.redaction", let targetID = event.redacts,
      let target = targets[targetID]
    else { return nil }
    guard target.roomID == head.roomID else {
      throw .invalid(reason: "the event to redact is in another room")
    }
    guard target.type != "m.room.create" else {
      throw .refused(
        AuthRejection(rule: "redaction-of-create", reason: "A create event cannot be redacted"))
    }
    let levels = PowerLevels(event: head.event(.powerLevels), create: head.event(.create))
    guard target.sender == event.sender || levels.level(of: event.sender) >= levels.redact else {
      throw .refused(
        AuthRejection(
          rule: "redaction-power",
          reason: "Your power level is too low to redact another user's event"))
    }
    do {
      return PlannedRedaction(
        redacted: try Redaction.redacted(target),
        unsigned: Redaction.unsigned(because: event, now: now))
    } catch {
      throw .invalid(reason: "the event cannot be redacted")
    }
  }
}
