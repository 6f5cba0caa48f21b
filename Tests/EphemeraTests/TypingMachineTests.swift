import MatrixIdentifiers
import TestKit
import Testing

@testable import Ephemera

@Suite struct TypingMachineTests {
  private let users: [UserID]
  private let rooms: [RoomID]

  init() throws {
    users = try ["@a:x", "@b:x", "@c:x"].map { try #require(UserID($0)) }
    rooms = try ["!r:x", "!s:x"].map { try #require(RoomID($0)) }
  }

  @Test func onlyChangesAreTold() {
    var machine = TypingMachine()
    #expect(machine.set(users[0], in: rooms[0], until: 100) == [users[0]])
    #expect(machine.set(users[0], in: rooms[0], until: 200) == nil)
    #expect(machine.set(users[1], in: rooms[0], until: 150) == [users[0], users[1]])
    #expect(machine.set(users[2], in: rooms[0], until: nil) == nil)
    #expect(machine.set(users[0], in: rooms[0], until: nil) == [users[1]])
  }

  @Test func timeEndsWhatNobodyRenews() {
    var machine = TypingMachine()
    _ = machine.set(users[0], in: rooms[0], until: 100)
    _ = machine.set(users[1], in: rooms[0], until: 200)
    _ = machine.set(users[1], in: rooms[1], until: 100)
    #expect(machine.nextDeadline == 100)
    #expect(machine.expire(at: 99).isEmpty)
    #expect(machine.expire(at: 100) == [rooms[0]: [users[1]], rooms[1]: []])
    #expect(machine.nextDeadline == 200)
    #expect(machine.expire(at: 200) == [rooms[0]: []])
    #expect(machine.nextDeadline == nil)
  }

  /// It agrees with a list of deadlines, whatever happens in which order.
  @Test(arguments: 0..<20 as Range<UInt64>) func agreesWithANaiveList(seed: UInt64) {
    var (machine, random) = (TypingMachine(), SeededRandom(seed))
    var naive: [RoomID: [UserID: Int64]] = [:]
    for now in Int64(0)..<300 {
      let (room, user) = (
        rooms.randomElement(using: &random)!, users.randomElement(using: &random)!
      )
      if Bool.random(using: &random) {
        let deadline =
          Bool.random(using: &random) ? now + Int64.random(in: 1...20, using: &random) : nil
        _ = machine.set(user, in: room, until: deadline)
        naive[room, default: [:]][user] = deadline
      } else {
        let told = machine.expire(at: now)
        for room in rooms {
          let before = naive[room] ?? [:]
          naive[room] = before.filter { $0.value > now }
          let after = (naive[room] ?? [:]).keys.sorted { $0.text < $1.text }
          #expect(told[room] == (before.count == after.count ? nil : after))
        }
      }
    }
  }
}
