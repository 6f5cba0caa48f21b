import EventAuth
import MatrixJSON
import RoomEvents

/// Rules that later versions have given up, and what is in their place.
enum OldRuleCases {
  static let all = aliases + redactions

  private static let aliases: [AuthCase] = [
    .refused(.aliasesStateKey, "aliases that are not state", in: .upTo(5)) {
      try $0.event(Person.member, EventType.aliases)
    },
    .refused(.aliasesServer, "aliases of another server", in: .upTo(5)) {
      try $0.event(Person.admin, EventType.aliases, "b.example")
    },
    .refused(.aliasesServer, "aliases of no server", in: .upTo(5)) {
      try $0.event(Person.admin, EventType.aliases, "")
    },
    .allowed("aliases", "aliases by a member of level 0", in: .upTo(5)) {
      try $0.event(Person.member, EventType.aliases, "a.example")
    },
    .allowed("aliases", "aliases by one who is not in the room", in: .upTo(5)) {
      try $0.event(Person.outsider, EventType.aliases, "a.example")
    },
    .refused(.roomNotFederated, "aliases of a server that is shut out", in: .upTo(5)) { room in
      room = try TestRoom(room.version, create: ["m.federate": false])
      return try room.event(Person.remote, EventType.aliases, "b.example")
    },
    .refused(.senderNotJoined, "aliases by one who is not in the room", in: .from(6)) {
      try $0.event(Person.outsider, EventType.aliases, "a.example")
    },
    .refused(.eventLevel, "aliases by a member of level 0", in: .from(6)) {
      try $0.event(Person.member, EventType.aliases, "a.example")
    },
    .allowed("otherwise", "aliases of any state key", in: .from(6)) {
      try $0.event(Person.moderator, EventType.aliases, "b.example")
    },
  ]

  private static let redactions: [AuthCase] = [
    .allowed("redaction.power", "a redaction by a moderator", in: .upTo(2)) {
      try $0.event(Person.moderator, EventType.redaction, redacts: "$event:b.example")
    },
    .allowed("redaction.power", "a redaction of nothing, by a moderator", in: .upTo(2)) {
      try $0.event(Person.moderator, EventType.redaction)
    },
    .allowed("redaction.server", "a redaction of an event of the own server", in: .upTo(2)) {
      try $0.event(Person.member, EventType.redaction, redacts: "$event:a.example")
    },
    .refused(.redactionLevel, "a redaction of another server's event", in: .upTo(2)) {
      try $0.event(Person.member, EventType.redaction, redacts: "$event:b.example")
    },
    .refused(.redactionLevel, "a redaction of an event of another port", in: .upTo(2)) {
      try $0.event(Person.member, EventType.redaction, redacts: "$event:a.example:8448")
    },
    .refused(.redactionLevel, "a redaction of an event of no server", in: .upTo(2)) {
      try $0.event(Person.member, EventType.redaction, redacts: "$event")
    },
    .refused(.redactionLevel, "a redaction of nothing", in: .upTo(2)) {
      try $0.event(Person.member, EventType.redaction)
    },
    .refused(.redactionLevel, "a redaction below a raised redact level", in: .upTo(2)) {
      try $0.setLevels(["redact": 51])
      return try $0.event(Person.moderator, EventType.redaction, redacts: "$event:b.example")
    },
    .refused(.eventLevel, "a redaction below the level of its type") {
      try $0.setLevels(["events": .object([EventType.redaction: 1])])
      return try $0.event(Person.member, EventType.redaction, redacts: "$event:a.example")
    },
    .refused(.senderNotJoined, "a redaction by an outsider") {
      try $0.event(Person.outsider, EventType.redaction, redacts: "$event:a.example")
    },
    .allowed("otherwise", "a redaction of another server's event", in: .from(3)) {
      try $0.event(Person.member, EventType.redaction, redacts: "$event:b.example")
    },
  ]
}
