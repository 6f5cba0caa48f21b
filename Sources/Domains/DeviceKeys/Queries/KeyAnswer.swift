import MatrixIdentifiers
import MatrixJSON

/// An answer about keys of many users.
struct KeyAnswer {
  var writer: JSONWriter

  init(capacity: Int) {
    writer = JSONWriter(capacity: capacity)
    writer.beginObject()
  }

  /// Servers that could not be asked.
  mutating func writeFailures(of users: some Sequence<UserID>, except own: ServerName) {
    writer.key("failures")
    writer.beginObject()
    let servers = Set(users.lazy.filter { !$0.isOn(own) }.map(\.serverName.text))
    for server in servers.sorted() {
      writer.key(server)
      writer.beginObject()
      writer.key("errcode")
      writer.string("M_CONNECTION_FAILED")
      writer.key("error")
      writer.string("The server could not be reached")
      writer.endObject()
    }
    writer.endObject()
  }

  mutating func end() -> [UInt8] {
    writer.endObject()
    return writer.bytes
  }
}
