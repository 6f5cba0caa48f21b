import EventAuth
import MatrixJSON
import RoomEvents
import TestKit
import Testing

/// What an event of great size may cost those who judge it: eight times the size, not much more
/// than eight times the time.
@Suite struct CostTests {
  private static let factor = 8
  private static let allowedRatio = 3.0 * Double(factor)

  @Test("Many creators beside many users")
  func creatorsAndUsers() throws {
    func cost(_ count: Int) throws -> Double {
      let creators = (0..<count).map { JSON.string("@c\($0):a") }
      let room = try TestRoom(.v12, create: ["additional_creators": .array(creators)])
      var users: [String: JSON] = [:]
      for number in 0..<count { users["@u\(number):a"] = 0 }
      let allowed = try room.event(
        Person.creator, EventType.powerLevels, "", ["users": .object(users)])
      users["@c\(count - 1):a"] = 0
      let refused = try room.event(
        Person.creator, EventType.powerLevels, "", ["users": .object(users)])
      return CPUTime.best {
        #expect(room.refusal(of: allowed) == nil)
        #expect(room.refusal(of: refused) == AuthRule.levelsCreators.rawValue)
      }
    }
    let ratio = try cost(400 * Self.factor) / cost(400)
    #expect(ratio < Self.allowedRatio)
  }
}
