import MatrixIdentifiers
import TestKit
import Testing

@testable import Ephemera

@Suite struct PresenceMachineTests {
  /// A machine with one user, a clock of its own and what others were told.
  private struct World {
    var machine = PresenceMachine()
    let user: UserID
    var now: Int64 = 1_000_000
    var told: [PresenceRecord] = []

    init(_ stored: PresenceRecord? = nil) throws {
      user = try #require(UserID("@a:x"))
      var changes: PresenceMachine.Changes = [:]
      machine.recall(user, stored, into: &changes)
    }

    mutating func sync(
      _ kind: PresenceReport.Kind, _ state: PresenceState = .online, device: String = "D",
      from worker: String = "w1", age: Int64 = 0
    ) {
      var changes: PresenceMachine.Changes = [:]
      machine.take(
        PresenceReport(userID: user, deviceID: device, kind: kind, state: state, age: age),
        from: worker, at: now, into: &changes)
      note(changes)
    }

    mutating func say(_ state: PresenceState, _ status: String? = nil, device: String = "D") {
      var changes: PresenceMachine.Changes = [:]
      machine.set(user, device, to: state, status: status, at: now, into: &changes)
      note(changes)
    }

    mutating func act(device: String? = nil, isOwn: Bool = false) {
      var changes: PresenceMachine.Changes = [:]
      machine.noteActivity(of: user, device, isOwn: isOwn, at: now, into: &changes)
      note(changes)
    }

    mutating func announce(_ profile: PresenceProfile) {
      var changes: PresenceMachine.Changes = [:]
      machine.announce(profile, of: user, at: now, into: &changes)
      note(changes)
    }

    /// Lets time pass, stopping wherever the machine asks for it.
    mutating func pass(_ milliseconds: Int64) {
      let end = now + milliseconds
      while let next = machine.nextDeadline, next <= end {
        now = max(now, next)
        note(machine.expire(at: now))
      }
      now = end
      note(machine.expire(at: now))
    }

    private mutating func note(_ changes: PresenceMachine.Changes) {
      if let change = changes[user], let record = change { told.append(record) }
    }

    var state: PresenceState? { machine.record(of: user)?.state }
    var states: [PresenceState] { told.map(\.state) }
  }

  @Test func whoSyncsIsOnlineAndGoneAfterwards() throws {
    var world = try World()
    world.sync(.started)
    #expect(world.told == [PresenceRecord(state: .online, lastActive: world.now, isActive: true)])
    world.pass(20_000)
    world.sync(.ended, age: 10_000)
    world.pass(19_000)
    #expect(world.state == .online)
    world.pass(2_000)
    #expect(world.states == [.online, .offline])
    #expect(world.machine.nextDeadline == nil)
  }

  @Test func whoGoesOnSyncingIsToldOnlyToBecomeIdle() throws {
    var world = try World()
    let began = world.now
    world.sync(.started)
    for _ in 0..<20 {
      world.pass(PresenceMachine.reportInterval)
      world.sync(.still)
    }
    #expect(
      world.told == [
        PresenceRecord(state: .online, lastActive: began, isActive: true),
        PresenceRecord(state: .online, lastActive: began, isActive: false),
        PresenceRecord(state: .unavailable, lastActive: began),
      ])
  }

  @Test func aWorkerThatSaysNoMoreIsNotWaitedForLong() throws {
    var world = try World()
    world.sync(.started)
    world.pass(PresenceMachine.reportInterval + PresenceMachine.onlineTimeout - 1_000)
    #expect(world.state == .online)
    world.pass(2_000)
    #expect(world.state == .offline)
  }

  @Test func aClientThatKeepsSayingSoKeepsItsUserActive() throws {
    var world = try World()
    for _ in 0..<20 {
      world.sync(.active)
      world.pass(PresenceMachine.reportInterval)
    }
    #expect(world.states == [.online])
    #expect(world.told.last?.isActive == true)
  }

  @Test func theEndOnOneWorkerDoesNotEndAnother() throws {
    var world = try World()
    world.sync(.started, from: "w1")
    world.sync(.started, from: "w2")
    world.pass(10_000)
    world.sync(.ended, from: "w1", age: 10_000)
    world.pass(25_000)
    #expect(world.state == .online)
    world.sync(.ended, from: "w3", age: 60_000)
    #expect(world.state == .online)
    world.sync(.ended, from: "w2", age: 31_000)
    #expect(world.state == .offline)
  }

  @Test(arguments: [
    ([PresenceState.online, .unavailable], PresenceState.online),
    ([.unavailable, .online], .online),
    ([.unavailable, .unavailable], .unavailable),
    ([.unavailable], .unavailable),
    ([], .offline),
  ])
  func theBestDeviceCounts(states: [PresenceState], merged: PresenceState) throws {
    var world = try World()
    for (index, state) in states.enumerated() {
      world.sync(.started, state, device: "D\(index)")
    }
    #expect(world.state == merged)
  }

  @Test func whatTheUserSaysIsToldAndKept() throws {
    var world = try World()
    world.say(.unavailable, "lunch")
    #expect(world.told == [PresenceRecord(state: .unavailable, status: "lunch")])
    world.pass(31_000)
    #expect(world.told.last == PresenceRecord(state: .offline, status: "lunch"))
    world.sync(.started)
    #expect(world.told.last?.status == "lunch")
    world.say(.online)
    #expect(world.told.last?.status == nil)
    world.say(.offline, "bye")
    #expect(world.told.last?.state == .offline && world.told.last?.status == "bye")
  }

  @Test func aDeviceWithoutANameIsOneAsWell() throws {
    var world = try World()
    world.sync(.started, .unavailable, device: "")
    world.say(.online, device: "")
    #expect(world.states == [.unavailable, .online])
  }

  @Test func aDeviceChangesItsMind() throws {
    var world = try World()
    world.sync(.started)
    world.pass(1_000)
    world.sync(.started, .unavailable)
    world.pass(1_000)
    world.sync(.started)
    #expect(world.states == [.online, .unavailable, .online])
    #expect(world.told.last?.lastActive == world.now)
  }

  @Test func activityBringsBackFromIdle() throws {
    var world = try World()
    world.sync(.started)
    for _ in 0..<13 {
      world.pass(PresenceMachine.reportInterval)
      world.sync(.still)
    }
    #expect(world.state == .unavailable)
    world.act(device: "D")
    #expect(
      world.told.last == PresenceRecord(state: .online, lastActive: world.now, isActive: true))
    world.pass(1_000)
    let told = world.told.count
    world.act(device: "D")
    #expect(world.told.count == told, "an active user's activity is no news")
  }

  @Test func whatADeviceDoesBesidesSyncingBringsItBack() throws {
    var world = try World()
    world.sync(.started, .unavailable)
    world.pass(5_000)
    world.sync(.acted)
    #expect(world.states == [.unavailable, .online])
    #expect(world.told.last?.lastActive == world.now && world.told.last?.isActive == true)
    world.pass(PresenceMachine.reportInterval + PresenceMachine.onlineTimeout)
    #expect(world.state == .offline, "it is no sync")
  }

  @Test func whatAnotherDeviceDoesBringsAllBack() throws {
    var world = try World()
    world.sync(.started, .unavailable)
    world.sync(.acted, device: "another")
    #expect(world.states == [.unavailable, .online])
    world.say(.unavailable)
    world.act(isOwn: false)
    #expect(world.state == .unavailable, "somebody else may have done it in the user's name")
    world.act(isOwn: true)
    #expect(world.state == .online)
  }

  @Test func whoGoesOnActingStaysActive() throws {
    var world = try World()
    world.sync(.started)
    for _ in 0..<20 {
      world.pass(ActingDevices.interval)
      world.sync(.still)
      world.sync(.acted)
    }
    #expect(world.states == [.online])
    #expect(world.machine.record(of: world.user, at: world.now)?.lastActive == world.now)
  }

  @Test func activityOfSomebodyWhoIsNotThereIsNoPresence() throws {
    var world = try World()
    world.act()
    world.sync(.acted)
    #expect(world.told.isEmpty)
    let acted = world.now
    world.pass(1_000)
    world.sync(.started, .unavailable)
    #expect(world.told == [PresenceRecord(state: .unavailable, lastActive: acted)])
  }

  @Test(arguments: [PresenceState.online, .unavailable, .offline])
  func aNewProfileIsToldOnce(state: PresenceState) throws {
    var world = try World()
    world.say(state, "here")
    world.pass(2_000)
    let before = world.told.last ?? PresenceRecord()
    let profile = PresenceProfile(displayName: "Ann", avatarURL: nil)
    world.announce(profile)
    var expected = before
    expected.profile = profile
    expected.status = "here"
    #expect(world.told.last == expected)
    world.say(state, "there")
    #expect(world.told.last?.profile == nil && world.told.last?.status == "there")
  }

  @Test func whatWasStoredIsRemembered() throws {
    var world = try World(PresenceRecord(state: .online, lastActive: 5, status: "here"))
    #expect(world.state == .offline)
    world.sync(.started, .unavailable)
    #expect(world.told == [PresenceRecord(state: .unavailable, lastActive: 5, status: "here")])
  }

  @Test func aSuccessorKeepsWhoIsThereForAWhile() throws {
    let (stays, goes) = (try #require(UserID("@s:x")), try #require(UserID("@g:x")))
    var machine = PresenceMachine()
    let record = PresenceRecord(state: .online, lastActive: 990_000, isActive: true)
    let restored = machine.restore([stays: record, goes: record], at: 1_000_000)
    #expect(restored[stays] == .some(record) && restored[goes] == .some(record))
    var changes: PresenceMachine.Changes = [:]
    machine.take(
      PresenceReport(userID: stays, deviceID: "D", kind: .still, state: .online), from: "w",
      at: 1_010_000, into: &changes)
    #expect(changes.isEmpty, "what is known already is no news")
    let later = machine.expire(at: 1_056_000)
    #expect(later[goes]??.state == .offline)
    #expect(machine.record(of: stays)?.state == .online)
  }

  @Test func theLongestOfflineAreForgotten() throws {
    var machine = PresenceMachine(limits: .init(users: 10, offline: 2))
    let users = try (0..<4).map { try #require(UserID("@u\($0):x")) }
    var changes: PresenceMachine.Changes = [:]
    for (index, user) in users.enumerated() {
      machine.recall(user, nil, into: &changes)
      machine.set(
        user, "D", to: .unavailable, status: nil, at: Int64(index) * 1_000, into: &changes)
    }
    // The first one goes and comes several times, and is the last to go.
    for time in [Int64(5_000), 6_000] {
      machine.set(users[0], "D", to: .offline, status: nil, at: time, into: &changes)
      machine.set(users[0], "D", to: .unavailable, status: nil, at: time, into: &changes)
    }
    changes = [:]
    for user in users.reversed() {
      machine.set(user, "D", to: .offline, status: nil, at: 7_000, into: &changes)
    }
    #expect(changes[users[3]] == .some(nil) && changes[users[2]] == .some(nil))
    #expect(machine.record(of: users[3]) == nil)
    #expect(machine.record(of: users[0])?.state == .offline)
    #expect(machine.record(of: users[1])?.state == .offline)
  }

  @Test func limitsHold() throws {
    var machine = PresenceMachine(limits: .init(users: 2, offline: 2))
    let users = try (0..<3).map { try #require(UserID("@u\($0):x")) }
    var changes: PresenceMachine.Changes = [:]
    for user in users.prefix(2) {
      machine.recall(user, nil, into: &changes)
      machine.set(user, "D", to: .unavailable, status: nil, at: 1, into: &changes)
    }
    machine.recall(users[2], nil, into: &changes)
    #expect(machine.follows(users[1]) && !machine.follows(users[2]))
    machine.set(users[1], "D", to: .offline, status: nil, at: 1, into: &changes)
    machine.recall(users[2], nil, into: &changes)
    #expect(machine.follows(users[2]) && !machine.follows(users[1]), "it took a place")
    #expect(changes[users[1]] == .some(nil))
    for device in 0...PresenceMachine.deviceLimit {
      machine.set(users[0], "D\(device)", to: .unavailable, status: nil, at: 1, into: &changes)
    }
    machine.set(
      users[0], "D\(PresenceMachine.deviceLimit)", to: .online, status: nil, at: 1, into: &changes)
    #expect(machine.record(of: users[0])?.state == .unavailable)
  }
}
