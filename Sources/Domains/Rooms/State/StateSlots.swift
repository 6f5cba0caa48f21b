import RoomEvents

/// SQL about the table of a room's slots.
enum StateSlots {
  /// The type of a slot's state. The slots of members, which most are, do without.
  static func type(_ row: String? = nil) -> String {
    "coalesce(\(row.map { $0 + "." } ?? "")type, '\(EventType.member)')"
  }

  /// The form in which a type is stored.
  static func stored(_ type: String) -> String {
    "nullif(\(type), '\(EventType.member)')"
  }

  /// The index over rooms, types and state keys. It is over a hash of them, as they are most of the
  /// row. The outcome is the same in all processes and versions: Postgres keeps partitions by it.
  static func hash(_ room: String, _ type: String, _ stateKey: String) -> String {
    "hashtextextended(\(stateKey), hashtextextended(\(type), \(room)))"
  }

  /// The condition that the row `s` is of this place.
  static func isAt(_ room: String, _ type: String, _ stateKey: String) -> String {
    // With `+ 0`, lest all slots of the room are looked through by the other index.
    """
    \(hash("s.room_nid", self.type("s"), "s.state_key")) = \(hash(room, type, stateKey))
      AND s.room_nid + 0 = \(room) AND \(self.type("s")) = \(type) AND s.state_key = \(stateKey)
    """
  }
}
