import NIOCore
import NIOHTTP1

/// Writes answers in HTTP/1.1 framing, head and body in one buffer where that saves a call.
struct ResponseEncoder {
  /// What the request and its connection say about the answer.
  struct Framing: Equatable {
    var allowsOtherOrigins = true
    var omitsBody = false
    var closes = false
    /// An HTTP/1.0 peer is told that the connection stays open.
    var namesKeepAlive = false
  }

  /// Bodies above this many bytes go out beside the head instead of being copied behind it.
  private static let separateBody = 16 << 10
  private static let headCapacity = 512

  static let continueLine: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

  // spec: client-server-api#web-browser-clients
  private static let otherOrigins: StaticString = """
    Access-Control-Allow-Origin: *\r
    Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r
    Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization\r

    """

  /// - Returns: the head, with the body behind it or beside it.
  static func encode(
    _ response: Response, _ framing: Framing, allocator: ByteBufferAllocator
  ) -> (head: ByteBuffer, body: ByteBuffer?) {
    let length = response.bodyLength
    let sendsBody = !framing.omitsBody && mayHaveBody(response.status) && length > 0
    let joined = sendsBody && length <= separateBody
    var buffer = allocator.buffer(capacity: headCapacity + (joined ? length : 0))
    writeHead(of: response, length: length, framing, into: &buffer)
    guard sendsBody else { return (buffer, nil) }
    switch response.storage {
    case .bytes(let bytes) where joined: buffer.writeBytes(bytes)
    case .bytes(let bytes): return (buffer, allocator.buffer(bytes: bytes))
    case .buffer(let body) where joined: buffer.writeImmutableBuffer(body)
    case .buffer(let body): return (buffer, body)
    case .later: break
    }
    return (buffer, nil)
  }

  private static func writeHead(
    of response: Response, length: Int, _ framing: Framing, into buffer: inout ByteBuffer
  ) {
    writeStatus(response.status, into: &buffer)
    if let contentType = response.contentType {
      buffer.writeStaticString("Content-Type: ")
      write(contentType, into: &buffer)
      buffer.writeStaticString("\r\n")
    }
    for (name, value) in response.headers {
      write(name, into: &buffer)
      buffer.writeStaticString(": ")
      write(value, into: &buffer)
      buffer.writeStaticString("\r\n")
    }
    if framing.allowsOtherOrigins { buffer.writeStaticString(otherOrigins) }
    if framing.closes {
      buffer.writeStaticString("Connection: close\r\n")
    } else if framing.namesKeepAlive {
      buffer.writeStaticString("Connection: keep-alive\r\n")
    }
    if mayHaveBody(response.status) {
      buffer.writeStaticString("Content-Length: ")
      buffer.writeString(String(length))
      buffer.writeStaticString("\r\n")
    }
    buffer.writeStaticString("\r\n")
  }

  private static func writeStatus(_ status: Int, into buffer: inout ByteBuffer) {
    if status == 200 {
      buffer.writeStaticString("HTTP/1.1 200 OK\r\nServer: Apus\r\n")
    } else {
      let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
      buffer.writeString("HTTP/1.1 \(status) \(reason)\r\nServer: Apus\r\n")
    }
  }

  /// Drops what could end the header.
  private static func write(_ text: String, into buffer: inout ByteBuffer) {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) {
      buffer.writeString(text)
    } else {
      buffer.writeBytes(text.utf8.filter { $0 >= 0x20 && $0 != 0x7F })
    }
  }

  // spec: RFC 9110 section 6.4.1
  private static func mayHaveBody(_ status: Int) -> Bool {
    status >= 200 && status != 204 && status != 304
  }
}
