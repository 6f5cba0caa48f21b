import MatrixJSON
import RoomEvents

/// What somebody does in a room; the event gets the step's name.
struct Step {
  var name: String
  var sender: String
  var type: String
  var stateKey: String = ""
  var content: JSON
  /// Nil: later than every step before.
  var timestamp: Int64?
  /// Nil: one more than every step before.
  var depth: Int64?
  /// Not to be held against the state that it is sent into.
  var isForced = false

  func at(_ timestamp: Int64) -> Step {
    var step = self
    step.timestamp = timestamp
    return step
  }

  func deep(_ depth: Int64) -> Step {
    var step = self
    step.depth = depth
    return step
  }

  var forced: Step {
    var step = self
    step.isForced = true
    return step
  }

  static func member(
    _ name: String, _ sender: String, _ target: String, _ membership: String,
    _ extra: [String: JSON] = [:]
  ) -> Step {
    Step(
      name: name, sender: sender, type: EventType.member, stateKey: target,
      content: .object(["membership": .string(membership)].merging(extra) { $1 }))
  }

  static func join(_ name: String, _ user: String, _ extra: [String: JSON] = [:]) -> Step {
    member(name, user, user, Membership.join, extra)
  }

  static func ban(_ name: String, _ sender: String, _ target: String) -> Step {
    member(name, sender, target, Membership.ban)
  }

  static func kick(_ name: String, _ sender: String, _ target: String) -> Step {
    member(name, sender, target, Membership.leave)
  }

  static func topic(_ name: String, _ sender: String) -> Step {
    Step(name: name, sender: sender, type: EventType.topic, content: ["topic": .string(name)])
  }

  static func joinRule(_ name: String, _ sender: String, _ rule: String) -> Step {
    Step(
      name: name, sender: sender, type: EventType.joinRules, content: ["join_rule": .string(rule)])
  }

  /// The creator's own level is put in where the room version wants it.
  static func levels(
    _ name: String, _ sender: String, _ users: [String: JSON], _ extra: [String: JSON] = [:]
  ) -> Step {
    Step(
      name: name, sender: sender, type: EventType.powerLevels,
      content: .object(["users": .object(users)].merging(extra) { $1 }))
  }
}
