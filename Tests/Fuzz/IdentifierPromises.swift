import MatrixIdentifiers

func checkIdentifiers(_ input: [UInt8]) throws {
  let text = String(decoding: input, as: UTF8.self)
  if let server = ServerName(text) {
    try checkEqual(server, text)
    let port = server.port.map { ":\($0)" } ?? ""
    // Zeros before a port are kept in the name and are no part of the number.
    try promise(
      text.hasPrefix(server.host) && (server.port == nil) == (server.host == text)
        && text.utf8.count >= (server.host + port).utf8.count, "a server name loses a part")
  }
  if let user = UserID(text) {
    try checkEqual(user, text)
    try promise("@\(user.localpart):\(user.serverName)" == text, "a user id loses a part")
    try promise(user.isOn(user.serverName) && user.sharesServer(with: user), "a user has no server")
    try promise(ServerName(user.serverName.text) != nil, "a user's server has no name")
  }
  if let alias = RoomAlias(text) {
    try checkEqual(alias, text)
    try promise("#\(alias.localpart):\(alias.serverName)" == text, "an alias loses a part")
  }
  if let room = RoomID(text) {
    try checkEqual(room, text)
    try promise((room.serverName == nil) != (room.createEventID == nil), "a room has no origin")
    if let create = room.createEventID {
      try promise(RoomID(createEvent: create) == room, "a room is not made by its create event")
    }
  }
  if let event = EventID(text) { try checkEqual(event, text) }
  if let server = ServerName("example.org"), let user = try? UserID(localpart: text, server: server)
  {
    try promise(user.localpart == text && user.serverName == server, "a new user is another")
  }
}

private func checkEqual<ID: MatrixIdentifier>(_ id: ID, _ text: String) throws {
  try promise(sameBytes(id.text, text) && ID(text) == id && !(id < id), "an id is not itself")
  try promise(
    ID.self == ServerName.self || text.utf8.count <= maximumIdentifierBytes, "an id is too long")
}
