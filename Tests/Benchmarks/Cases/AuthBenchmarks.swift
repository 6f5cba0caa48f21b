import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

private let members = 10_000

/// An operation that judges an event by the state of a large room.
private func judging(
  _ name: String, _ version: RoomVersion, _ type: String, _ stateKey: String?, _ content: JSON,
  by sender: String
) -> Benchmark {
  Benchmark(name) {
    var room = try Room(version, members: members)
    let state = room.stateEvents
    let event = try room.make(type, stateKey, content, by: sender, room.state)
    return {
      try authorise(event, state: state)
      return 1
    }
  }
}

let authBenchmarks: [Benchmark] = [
  judging(
    "auth/message-10k-members", .v11, EventType.message, nil, ["body": "x", "msgtype": "m.text"],
    by: Room.member(7)),
  judging(
    "auth/message-10k-members-v12", .v12, EventType.message, nil,
    ["body": "x", "msgtype": "m.text"], by: Room.member(7)),
  judging(
    "auth/join-10k-members", .v11, EventType.member, "@new:example.org", ["membership": "join"],
    by: "@new:example.org"),
]
