import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

enum CreateCases {
  private static let named = [RoomVersion].upTo(11)

  static let all: [AuthCase] = [
    .allowed("create", "the room's own create event") { $0.create },
    .allowed("create", "no room version given") {
      try create($0, ["creator": .string(Person.creator)])
    },
    .refused(.createPrevEvents, "events before the create event") {
      try create($0, content($0), previous: [try $0.anyEventID()])
    },
    .refused(.createRoomDomain, "a room ID of another server", in: named) {
      try create($0, content($0), room: "!room:b.example")
    },
    .refused(.createRoomDomain, "a room ID of another port", in: named) {
      try create($0, content($0), room: "!room:a.example:8448")
    },
    .refused(.createRoomID, "a create event with a room ID", in: [.v12]) { room in
      try room.changed(room.create) { $0["room_id"] = "!room:a.example" }
    },
    .refused(.createRoomVersion, "an unknown room version") {
      try create($0, ["room_version": "nine", "creator": .string(Person.creator)])
    },
    .refused(.createRoomVersion, "a room version that is a number") {
      try create($0, ["room_version": 11, "creator": .string(Person.creator)])
    },
    .refused(.createCreator, "no creator", in: .upTo(10)) {
      try create($0, ["room_version": "10"])
    },
    .allowed("create", "no creator where the sender is it", in: .from(11)) {
      try create($0, ["room_version": .string($0.version.id)])
    },
    .allowed("create", "additional creators", in: [.v12]) {
      try create($0, ["additional_creators": ["@x:b.example", "@y:[::1]:80"]])
    },
    .allowed("create", "no additional creators", in: [.v12]) {
      try create($0, ["additional_creators": []])
    },
    .allowed("create", "anything as additional creators, which mean nothing yet", in: named) {
      try create(
        $0, ["additional_creators": "everybody", "creator": .string(Person.creator)])
    },
    .refused(.createAdditionalCreators, "additional creators as text", in: [.v12]) {
      try create($0, ["additional_creators": .string(Person.admin)])
    },
    .refused(.createAdditionalCreators, "an additional creator that is a number", in: [.v12]) {
      try create($0, ["additional_creators": [.string(Person.admin), 1]])
    },
    .refused(.createAdditionalCreators, "an additional creator without a server", in: [.v12]) {
      try create($0, ["additional_creators": ["@x"]])
    },
  ]

  private static func content(_ room: TestRoom) -> JSON {
    JSON(room.create.content)
  }

  private static func create(
    _ room: TestRoom, _ content: JSON, room id: String = "!room:a.example",
    previous: [EventID] = []
  ) throws -> Event {
    try TestRoom.build(
      room.version, room.key, room.version.rules.roomIDIsCreateHash ? nil : id, Person.creator,
      EventType.create,
      "", content, previous: previous)
  }
}
