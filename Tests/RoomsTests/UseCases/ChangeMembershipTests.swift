import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// Which changes of membership are possible from which membership.
struct ChangeMembershipTests {
  enum Action: String, CaseIterable, Sendable {
    case join, leave, invite, kick, ban, unban, forget
  }

  enum Outcome: Sendable, Equatable {
    /// The membership afterwards.
    case becomes(String)
    case refused
    case unknownRoom
    case stillInRoom
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let current: String
    let action: Action
    let outcome: Outcome

    var testDescription: String { "\(current) - \(action)" }
  }

  /// Rows: the membership before; columns as in `Action.allCases`.
  private static let table: [(String, [Outcome])] = [
    (
      "none",
      [
        .becomes("join"), .refused, .becomes("invite"), .refused, .becomes("ban"), .refused,
        .unknownRoom,
      ]
    ),
    (
      "invite",
      [
        .becomes("join"), .becomes("leave"), .becomes("invite"), .becomes("leave"),
        .becomes("ban"), .refused, .stillInRoom,
      ]
    ),
    (
      "join",
      [
        .becomes("join"), .becomes("leave"), .refused, .becomes("leave"), .becomes("ban"),
        .refused, .stillInRoom,
      ]
    ),
    (
      "leave",
      [
        .becomes("join"), .becomes("leave"), .becomes("invite"), .refused, .becomes("ban"),
        .refused, .becomes("leave"),
      ]
    ),
    (
      "ban",
      [
        .refused, .refused, .refused, .refused, .becomes("ban"), .becomes("leave"),
        .becomes("ban"),
      ]
    ),
  ]

  static let cases = table.flatMap { current, outcomes in
    zip(Action.allCases, outcomes).map {
      Case(current: current, action: $0, outcome: $1)
    }
  }

  private func bring(_ user: String, to membership: String, in room: RoomID, _ world: World)
    async throws
  {
    switch membership {
    case "invite", "ban":
      try await world.member(user, membership, in: room, by: RoomFixture.alice)
    case "join":
      try await world.member(user, "join", in: room)
    case "leave":
      try await world.member(user, "join", in: room)
      try await world.member(user, "leave", in: room)
    default: break
    }
  }

  private func carryOut(
    _ action: Action, on user: UserID, by sender: UserID, in room: RoomID, _ world: World
  ) async throws {
    let membership = world.membership
    switch action {
    case .join: try await membership.join(room, user: user, reason: nil)
    case .leave: try await membership.leave(room, user: user, reason: nil)
    case .invite: try await membership.invite(user, to: room, by: sender, reason: nil)
    case .kick: try await membership.kick(user, from: room, by: sender, reason: nil)
    case .ban: try await membership.ban(user, from: room, by: sender, reason: nil)
    case .unban: try await membership.unban(user, in: room, by: sender, reason: nil)
    case .forget: try await membership.forget(room, user: user)
    }
  }

  private func outcome(
    of action: Action, on user: UserID, by sender: UserID, in room: RoomID, _ world: World
  ) async throws -> Outcome {
    do {
      try await carryOut(action, on: user, by: sender, in: room, world)
    } catch RoomError.refused {
      return .refused
    } catch RoomError.unknownRoom {
      return .unknownRoom
    } catch RoomError.stillInRoom {
      return .stillInRoom
    }
    let row = try await world.memberships.membership(of: user, in: room)
    return .becomes(row?.membership ?? "none")
  }

  @Test(arguments: cases)
  func transitions(_ test: Case) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await bring(RoomFixture.bob, to: test.current, in: room, world)
      let before = try await world.story(of: room).count
      let (bob, alice) = (
        try RoomFixture.user(RoomFixture.bob), try RoomFixture.user(RoomFixture.alice)
      )
      let outcome = try await outcome(of: test.action, on: bob, by: alice, in: room, world)
      #expect(outcome == test.outcome)
      let row = try await world.memberships.membership(of: bob, in: room)
      let after = try await world.story(of: room).count
      if case .becomes(let membership) = test.outcome {
        #expect(after == before + (membership == test.current ? 0 : 1))
      } else {
        #expect(row?.membership ?? "none" == test.current)
        #expect(after == before)
      }
      #expect(
        (row?.isForgotten ?? false)
          == (test.action == .forget && ["leave", "ban"].contains(test.current)))
    }
  }

  /// What a member without any power can do to another user.
  @Test(
    arguments: [
      ("none", .invite), ("join", .kick), ("join", .ban), ("ban", .unban), ("invite", .kick),
    ] as [(String, Action)])
  func theWeakAreRefused(_ current: String, _ action: Action) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let carol = "@carol:a.example"
      try await world.member(carol, "join", in: room)
      try await bring(RoomFixture.bob, to: current, in: room, world)
      let (bob, weak) = (try RoomFixture.user(RoomFixture.bob), try RoomFixture.user(carol))
      #expect(try await outcome(of: action, on: bob, by: weak, in: room, world) == .refused)
    }
  }

  /// In a room that takes the invited only.
  @Test(
    arguments: [
      ("none", .refused), ("invite", .becomes("join")), ("join", .becomes("join")),
      ("leave", .refused), ("ban", .refused),
    ] as [(String, Outcome)])
  func joiningAPrivateRoom(_ current: String, _ wanted: Outcome) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await bring(RoomFixture.bob, to: current, in: room, world)
      try await world.set("m.room.join_rules", "", ["join_rule": "invite"], in: room)
      let bob = try RoomFixture.user(RoomFixture.bob)
      #expect(try await outcome(of: .join, on: bob, by: bob, in: room, world) == wanted)
    }
  }

  /// An action upon oneself goes by the same rules.
  @Test(arguments: [Action.kick, .unban], ["none", "leave", "ban"])
  func uponOneself(_ action: Action, _ current: String) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await bring(RoomFixture.bob, to: current, in: room, world)
      let bob = try RoomFixture.user(RoomFixture.bob)
      #expect(try await outcome(of: action, on: bob, by: bob, in: room, world) == .refused)
    }
  }

  @Test func roomsThatDoNotExist() async throws {
    try await withWorld { world in
      let room = try RoomFixture.room("!nowhere:a.example")
      let (bob, alice) = (
        try RoomFixture.user(RoomFixture.bob), try RoomFixture.user(RoomFixture.alice)
      )
      for action in Action.allCases {
        let wanted: RoomError =
          action == .join || action == .forget ? .unknownRoom : .notInRoom
        await #expect(throws: wanted) {
          try await carryOut(action, on: bob, by: alice, in: room, world)
        }
      }
    }
  }

  @Test func usersOfOtherServersCannotBeInvited() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      await #expect(throws: RoomError.remoteUser) {
        try await world.membership.invite(
          try RoomFixture.user("@bob:b.example"), to: room,
          by: try RoomFixture.user(RoomFixture.alice), reason: nil)
      }
    }
  }

  @Test func reasonsAndProfilesAreTold() async throws {
    try await withWorld { world in
      try await world.run(
        """
        INSERT INTO users (user_id, created_at, displayname)
        VALUES ('@bob:a.example', 0, 'Bob')
        """)
      let room = try await world.makeRoom()
      let (bob, alice) = (
        try RoomFixture.user(RoomFixture.bob), try RoomFixture.user(RoomFixture.alice)
      )
      let content = { @Sendable () async throws -> JSON? in
        try await world.states.current(room, .member(bob)).map { JSON($0.event.content) }
      }
      try await world.membership.invite(bob, to: room, by: alice, reason: "r1")
      #expect(
        try await content() == ["membership": "invite", "displayname": "Bob", "reason": "r1"])
      try await world.membership.join(room, user: bob, reason: "r2")
      #expect(
        try await content() == ["membership": "join", "displayname": "Bob", "reason": "r2"])
      try await world.membership.kick(bob, from: room, by: alice, reason: "r3")
      #expect(try await content() == ["membership": "leave", "reason": "r3"])
      try await world.membership.ban(bob, from: room, by: alice, reason: "r4")
      #expect(try await content() == ["membership": "ban", "reason": "r4"])
    }
  }
}
