import RoomEvents

/// When it changed who may read a room: kept with the slots of `m.room.history_visibility` and of
/// members, as the whole history of one is wanted at once and an entry takes a few bytes.
///
/// An entry is a variable-length integer: position * 16 + code. Entries are appended without
/// reading what is there, so one may repeat the one before it.
enum AccessHistory {
  /// By code. Those of the other kinds count as `leave`.
  private static let membershipCodes = [
    Membership.leave, Membership.join, Membership.invite, Membership.ban, Membership.knock,
  ]
  /// By code.
  private static let settingCodes: [HistoryVisibility.Setting] = [
    .shared, .worldReadable, .invited, .joined,
  ]
  private static let codeBits: Int64 = 4

  /// Nil for an event that does not decide it.
  private static func code(of event: Event) -> Int? {
    if let membership = event.membership { return membershipCodes.firstIndex(of: membership) ?? 0 }
    guard event.isState(EventType.historyVisibility) else { return nil }
    return settingCodes.firstIndex(of: HistoryVisibility.Setting(of: event))
  }

  /// Whether something changes when the event takes the place of another.
  static func changes(by event: Event, after replaced: Event?) -> Bool {
    guard let code = code(of: event) else { return false }
    return replaced.map { self.code(of: $0) != code } ?? true
  }

  static func entry(_ event: Event, at position: Int64) -> [UInt8] {
    var writer = VarintWriter()
    writer.write(signed: position << codeBits | Int64(code(of: event) ?? 0))
    return writer.bytes
  }

  /// Whether what stands in a place of the state decides it.
  static func isDecidedBy(_ key: StateTuple) -> Bool {
    key.type == EventType.member || key == StateTuple(EventType.historyVisibility)
  }

  /// Of what becomes current in a place, nil when it becomes empty: that is as if it had never been
  /// there. Nil for a place that does not decide it.
  static func entry(_ key: StateTuple, _ event: Event?, at position: Int64) -> [UInt8]? {
    guard isDecidedBy(key) else { return nil }
    var writer = VarintWriter()
    writer.write(signed: position << codeBits | Int64(event.flatMap { code(of: $0) } ?? 0))
    return writer.bytes
  }

  static func memberships(_ bytes: [UInt8]) -> [HistoryVisibility.Change<String>] {
    decode(bytes, as: membershipCodes)
  }

  static func settings(
    _ bytes: [UInt8]
  ) -> [HistoryVisibility.Change<HistoryVisibility.Setting>] {
    decode(bytes, as: settingCodes)
  }

  /// Without repetitions.
  private static func decode<Value>(
    _ bytes: [UInt8], as values: [Value]
  ) -> [HistoryVisibility.Change<Value>] {
    var changes: [HistoryVisibility.Change<Value>] = []
    var (reader, last) = (VarintReader(bytes), -1)
    while let entry = reader.readSigned() {
      let code = Int(entry & (1 << codeBits - 1))
      guard code != last, values.indices.contains(code) else { continue }
      changes.append(HistoryVisibility.Change(entry >> codeBits, values[code]))
      last = code
    }
    return changes
  }
}
