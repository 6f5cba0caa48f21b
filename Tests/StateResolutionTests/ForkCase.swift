import RoomEvents
import Testing

/// What comes of forks in the hand-made room.
struct ForkCase: CustomTestStringConvertible, Sendable {
  let title: String
  /// What happens before the fork.
  var before: [Step] = []
  let forks: [[Step]]
  /// The names of the events that stand in the end; nil for none.
  let expected: [StateTuple: String?]
  var versions: [RoomVersion] = [.v2, .v6, .v10, .v11, .v12]

  var testDescription: String { title }

  static func member(_ user: String) -> StateTuple {
    StateTuple(EventType.member, user)
  }

  static let topic = StateTuple(EventType.topic)
}

extension ForkCase {
  func check() throws {
    for version in versions {
      let scenario = try Scenario(version)
      let start = try scenario.after(before)
      let states = try forks.map { try scenario.after($0, from: start) }
      let result = try scenario.resolve(states)
      for (key, name) in expected {
        let found = scenario.name(result[key])
        #expect(found == name, "\(title): \(key.type) in version \(version)")
      }
    }
  }
}
