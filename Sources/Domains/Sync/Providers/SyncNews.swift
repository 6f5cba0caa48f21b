package import MatrixIdentifiers
package import Streams

/// What there is to tell beside the rooms' events, each event as its JSON.
package struct SyncNews: Sendable {
  package struct Room: Sendable {
    package var ephemeral: [[UInt8]] = []
    package var accountData: [[UInt8]] = []

    package init() {}
  }

  package var accountData: [[UInt8]] = []
  package var presence: [[UInt8]] = []
  package var toDevice: [[UInt8]] = []
  /// Users whose devices or identity keys changed, or who came to share an encrypted room.
  package var changedDevices: [UserID] = []
  /// Users who share no room any more.
  package var leftDevices: [UserID] = []
  package var rooms: [RoomID: Room] = [:]
  /// Set when the provider could not tell everything at once: the answer's token for its stream.
  package var reached: VectorToken?

  package init() {}

  package var isEmpty: Bool {
    accountData.isEmpty && presence.isEmpty && toDevice.isEmpty && changedDevices.isEmpty
      && leftDevices.isEmpty && rooms.isEmpty
  }

  mutating func add(_ other: SyncNews) {
    accountData += other.accountData
    presence += other.presence
    toDevice += other.toDevice
    changedDevices += other.changedDevices
    leftDevices += other.leftDevices
    rooms.merge(other.rooms) { mine, theirs in
      var both = mine
      both.ephemeral += theirs.ephemeral
      both.accountData += theirs.accountData
      return both
    }
  }
}
