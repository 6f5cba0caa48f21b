import MatrixJSON

/// Messages as text: a command word, fields separated by one space, JSON last.
enum ReplicationCodec {
  /// A longer message is not sent, and not read.
  static let maximumBytes = 96 << 10

  /// Nil when the message is too long to be sent.
  static func encode(_ message: ReplicationMessage) -> [UInt8]? {
    let bytes: [UInt8]
    switch message {
    case .rows(let stream, let writer, let previous, let position, let rows):
      bytes = Array("RDATA \(stream.rawValue) \(writer) \(previous) \(position) ".utf8) + rows
    case .position(let stream, let writer, let previous, let position):
      bytes = Array("POSITION \(stream.rawValue) \(writer) \(previous) \(position)".utf8)
    case .replicate(let instance):
      bytes = Array("REPLICATE \(instance)".utf8)
    case .invalidate(let cache, let keys):
      let list = JSON.array(keys.map { .string($0) }).bytes
      bytes = Array("INVALIDATE \(cache.rawValue) ".utf8) + list
    }
    return bytes.count <= maximumBytes ? bytes : nil
  }

  /// Nil for anything that is not a message that this version knows.
  static func decode(_ bytes: [UInt8]) -> ReplicationMessage? {
    guard bytes.count <= maximumBytes else { return nil }
    var fields = Fields(rest: bytes[...])
    switch fields.word() {
    case "RDATA":
      guard let header = fields.header() else { return nil }
      return .rows(
        stream: header.stream, writer: header.writer, previous: header.previous,
        position: header.position, rows: Array(fields.rest))
    case "POSITION":
      guard let header = fields.header(), fields.rest.isEmpty else { return nil }
      return .position(
        stream: header.stream, writer: header.writer, previous: header.previous,
        position: header.position)
    case "REPLICATE":
      return fields.rest.isEmpty
        ? nil : .replicate(instance: String(decoding: fields.rest, as: UTF8.self))
    case "INVALIDATE":
      guard let cache = fields.word().flatMap(CacheName.init), let keys = strings(fields.rest)
      else { return nil }
      return .invalidate(cache: cache, keys: keys)
    default:
      return nil
    }
  }

  /// A JSON array of strings.
  static func strings(_ bytes: ArraySlice<UInt8>) -> [String]? {
    guard let list = try? JSONDocument(Array(bytes)).root, list.kind == .array else { return nil }
    var strings: [String] = []
    for element in list.elements {
      guard let string = element.string else { return nil }
      strings.append(string)
    }
    return strings
  }
}

/// Takes a message apart from the left.
private struct Fields {
  typealias Header = (
    stream: StreamName, writer: WriterID, previous: Int64, position: Int64
  )

  private(set) var rest: ArraySlice<UInt8>

  mutating func word() -> String? {
    guard !rest.isEmpty else { return nil }
    let end = rest.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
    let word = rest[..<end]
    rest = rest[end...].dropFirst()
    return String(decoding: word, as: UTF8.self)
  }

  mutating func header() -> Header? {
    guard let stream = word().flatMap(StreamName.init),
      let writer = word().flatMap({ Int32($0) }),
      let previous = word().flatMap({ Int64($0) }), let position = word().flatMap({ Int64($0) }),
      writer >= 0, previous >= 0, previous <= position
    else { return nil }
    return (stream, WriterID(raw: writer), previous, position)
  }
}
