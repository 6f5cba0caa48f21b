import NIOCore
import Testing

@testable import Redis

@Suite struct RedisCommandTests {
  @Test func encodesAsAnArrayOfByteStrings() {
    var buffer = ByteBuffer()
    let command = RedisCommand("SET", Array("k".utf8), [])
    command.encode(into: &buffer)
    #expect(String(buffer: buffer) == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n")
    #expect(buffer.readableBytes <= command.size)
  }

  @Test(arguments: [0, 1, 999, 100_000])
  func theSizeIsAnUpperBound(bytes: Int) {
    var buffer = ByteBuffer()
    let command = RedisCommand("PUBLISH", [UInt8](repeating: 1, count: bytes))
    command.encode(into: &buffer)
    #expect(buffer.readableBytes <= command.size)
    #expect(command.size < bytes + 200)
  }
}
