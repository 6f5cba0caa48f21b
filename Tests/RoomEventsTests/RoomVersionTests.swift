import RoomEvents
import Testing

@Suite struct RoomVersionTests {
  @Test func known() {
    #expect(RoomVersion.all.map(\.id) == (1...12).map { String($0) })
    #expect(!RoomVersion.all.map(\.isStable).contains(false))
    #expect(RoomVersion(id: "11") == .v11)
    for id in ["", "0", "13", "011", "1.0", "org.matrix.msc1", " 1"] {
      #expect(RoomVersion(id: id) == nil)
    }
    #expect(RoomVersion.default == .v12)
    #expect(Set(RoomVersion.all).count == 12)
  }

  /// The first version with a property, and from which one on it is gone again.
  private func holds(
    from first: Int, before end: Int = 13, _ property: (RoomVersionRules) -> Bool
  ) -> Bool {
    zip(1..., RoomVersion.all).allSatisfy { number, version in
      property(version.rules) == (first..<end).contains(number)
    }
  }

  // spec: rooms#feature-matrix, and the pages of the versions
  @Test func properties() {
    #expect(holds(from: 1, before: 2) { $0.stateResolution == .v1 })
    #expect(holds(from: 2, before: 12) { $0.stateResolution == .v2 })
    #expect(holds(from: 12) { $0.stateResolution == .v2Point1 })
    #expect(holds(from: 1, before: 3) { $0.eventIDs == .stated && $0.referencesCarryHashes })
    #expect(holds(from: 3, before: 4) { $0.eventIDs == .hash })
    #expect(holds(from: 4) { $0.eventIDs == .urlSafeHash })
    #expect(holds(from: 5) { $0.enforcesKeyValidity })
    #expect(holds(from: 6) { $0.jsonIsStrict })
    #expect(holds(from: 6) { $0.maximumDepth == 9_007_199_254_740_991 })
    #expect(holds(from: 1, before: 6) { $0.maximumDepth == .max })
    #expect(holds(from: 6) { $0.guardsNotificationLevels })
    #expect(holds(from: 1, before: 6) { $0.aliasesBelongToServers })
    #expect(holds(from: 1, before: 3) { $0.redactionsNeedAuthority })
    #expect(holds(from: 7) { $0.allowsKnocking })
    #expect(holds(from: 8) { $0.allowsRestrictedJoins })
    #expect(holds(from: 10) { $0.joinRules.contains(.knockRestricted) })
    #expect(holds(from: 1) { $0.joinRules.isSuperset(of: [.public, .invite]) })
    #expect(holds(from: 1, before: 6) { $0.powerLevelForm == .numberOrText })
    #expect(holds(from: 6, before: 10) { $0.powerLevelForm == .integerOrText })
    #expect(holds(from: 10) { $0.powerLevelForm == .integer })
    #expect(holds(from: 11) { $0.creatorProperty == .sender })
    #expect(holds(from: 11) { $0.redactsProperty == .content })
    #expect(holds(from: 12) { $0.roomIDIsCreateHash && $0.creatorsArePrivileged })
  }

  // spec: rooms/v5#signing-key-validity-period
  @Test(arguments: RoomVersion.all) func keysThatAreOutOfDate(version: RoomVersion) {
    #expect(version.rules.acceptsKey(validUntil: 1000, at: 1000))
    #expect(version.rules.acceptsKey(validUntil: 1001, at: 1000))
    let forgives = ["1", "2", "3", "4"].contains(version.id)
    #expect(version.rules.acceptsKey(validUntil: 999, at: 1000) == forgives)
  }
}
