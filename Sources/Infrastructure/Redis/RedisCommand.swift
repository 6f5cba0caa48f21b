import NIOCore

/// A command as the array of byte strings that RESP sends.
struct RedisCommand: Sendable {
  private let arguments: [[UInt8]]

  init(_ name: StaticString, _ arguments: [UInt8]...) {
    self.init(name, arguments)
  }

  init(_ name: StaticString, _ arguments: [[UInt8]]) {
    self.arguments = [name.withUTF8Buffer { Array($0) }] + arguments
  }

  /// An upper bound of the encoded length, for the limit on what waits.
  var size: Int {
    arguments.reduce(Self.headerBytes) { $0 + $1.count + Self.headerBytes }
  }

  func encode(into buffer: inout ByteBuffer) {
    Self.writeHeader(UInt8(ascii: "*"), arguments.count, into: &buffer)
    for argument in arguments {
      Self.writeHeader(UInt8(ascii: "$"), argument.count, into: &buffer)
      buffer.writeBytes(argument)
      buffer.writeStaticString("\r\n")
    }
  }

  /// Type byte, 19 digits and two line ends fit in this.
  private static let headerBytes = 24

  private static func writeHeader(_ type: UInt8, _ count: Int, into buffer: inout ByteBuffer) {
    buffer.writeInteger(type)
    buffer.writeString(String(count))
    buffer.writeStaticString("\r\n")
  }
}
