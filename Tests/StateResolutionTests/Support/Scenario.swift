import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import Testing

/// Users of the hand-made rooms.
enum Person {
  /// The creator. Level 100 before version 12.
  static let alice = "@alice:a"
  /// Level 50.
  static let bob = "@bob:b"
  /// Joined, level 0.
  static let carol = "@carol:a"
  static let dave = "@dave:b"
  /// Not in the room.
  static let erin = "@erin:b"
}

/// A room made by hand: public, with a few members, its state a value that can be forked.
final class Scenario {
  let version: RoomVersion
  let maker: EventMaker
  private(set) var state: StateMap = [:]
  private(set) var events: [EventID: Event] = [:]
  private(set) var rejected: Set<EventID> = []
  private var clock: Int64 = 0

  init(_ version: RoomVersion) throws {
    self.version = version
    maker = EventMaker(version, create: Self.id("create", version))
    let steps: [Step] = [
      Step(
        name: "create", sender: Person.alice, type: EventType.create,
        content: createContent(version, creator: Person.alice)),
      .join("alice", Person.alice),
      .levels("levels", Person.alice, [Person.bob: 50]),
      .joinRule("public", Person.alice, "public"),
      .join("bob", Person.bob), .join("carol", Person.carol), .join("dave", Person.dave),
    ]
    for step in steps { try send(step, to: &state) }
  }

  func name(_ id: EventID?) -> String? {
    id.map { String($0.text.dropFirst().prefix { $0 != ":" }) }
  }

  @discardableResult
  func send(_ step: Step, to state: inout StateMap) throws -> EventID {
    clock += 1
    var draft = EventMaker.Draft(
      id: Self.id(step.name, version), sender: step.sender, type: step.type,
      stateKey: step.stateKey, content: step.content, timestamp: step.timestamp ?? clock,
      depth: step.depth ?? clock)
    if step.type == EventType.powerLevels, !version.rules.creatorsArePrivileged {
      var users = draft.content["users"] ?? [:]
      users[Person.alice] = 100
      draft.content["users"] = users
    }
    if let create = state[.create] {
      draft.previous = [create]
      // Only the creator's first join may stand right behind the create event.
      if let join = state[StateTuple(EventType.member, Person.alice)] { draft.previous = [join] }
    }
    let lookup: EventMaker.StateLookup = { state[$0] }
    draft.cited = try maker.cited(draft, from: lookup)
    let event = try maker.make(draft)
    if !step.isForced {
      do throws(AuthRejection) {
        try authorise(event, state: LookedUpState(ids: state, events: events))
      } catch {
        throw TestFailure(what: "\(step.name): \(error.rule)")
      }
    }
    events[event.eventID] = event
    state[StateTuple(step.type, step.stateKey)] = event.eventID
    return event.eventID
  }

  func reject(_ id: EventID) {
    rejected.insert(id)
  }

  func after(_ steps: [Step], from start: StateMap? = nil) throws -> StateMap {
    var state = start ?? self.state
    for step in steps { try send(step, to: &state) }
    return state
  }

  /// Resolves the states in every order and by both implementations, which must agree.
  func resolve(
    _ states: [StateMap], _ algorithm: StateResolutionAlgorithm? = nil
  ) throws -> StateMap {
    let input = ResolutionInput(
      events: Array(events.values), rejected: rejected, version: version,
      algorithm: algorithm ?? version.rules.stateResolution)
    let result = try input.resolve(states)
    #expect(try input.resolve(states.reversed()) == result)
    #expect(input.reference(states) == result)
    return result
  }

  private static func id(_ name: String, _ version: RoomVersion) -> String {
    version.rules.eventIDs == .stated ? "$\(name):a" : "$\(name)"
  }
}
