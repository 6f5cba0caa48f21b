import EventAuth
import MatrixIdentifiers
import RoomEvents
import StateResolution
import Testing

/// What a resolution lets stand is allowed by the power that it comes to.
@Suite("Authority of results")
struct AuthorisedResultTests {
  /// Whether somebody may send other state than memberships is settled before it is judged: their
  /// level where the power levels are not in question, and a ban.
  @Test(arguments: [RoomVersion.v2, .v6, .v11, .v12])
  func standingEventsAreAllowed(_ version: RoomVersion) throws {
    let algorithm = version.rules.stateResolution
    var judged = 0
    for seed in 0..<RandomTests.comparisons / 2 {
      let room = try RandomRoom(seed: seed, version: version, isHonest: true)
      let conflict = StateConflict(room.states, algorithm: algorithm)
      let result = try room.input(algorithm).resolve(room.states)
      let events = Dictionary(uniqueKeysWithValues: room.events.map { ($0.eventID, $0) })
      let levels = PowerLevels(
        event: result[.powerLevels].flatMap { events[$0] },
        create: result[.create].flatMap { events[$0] })
      for key in conflict.conflicting.keys {
        guard let event = result[key].flatMap({ events[$0] }),
          event.type == EventType.topic || event.type == EventType.name
        else { continue }
        judged += 1
        let member = StateTuple(EventType.member, event.sender.text)
        if conflict.conflicting[member] != nil {
          let membership = result[member].flatMap { events[$0]?.membership }
          #expect(membership != Membership.ban, "seed \(seed), version \(version)")
        }
        if conflict.conflicting[.powerLevels] != nil {
          #expect(
            levels.level(of: event.sender) >= levels.required(type: event.type, isState: true),
            "seed \(seed), version \(version)")
        }
      }
    }
    #expect(judged > 20)
  }
}
