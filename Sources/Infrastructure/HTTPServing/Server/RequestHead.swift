import NIOHTTP1

/// What the server itself needs of a head, gathered in one pass over the headers.
struct RequestHead {
  let method: HTTPMethod?
  let uri: String
  let headers: [(String, String)]
  let keepsAlive: Bool
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  private(set) var expectsContinue = false
  private(set) var forwardedFor: String?
  /// The framing or the headers break a rule of HTTP; the connection cannot go on.
  private(set) var isBroken = false

  init(_ head: HTTPRequestHead) {
    method = HTTPMethod(head.method)
    uri = head.uri
    var headers: [(String, String)] = []
    headers.reserveCapacity(head.headers.count)
    var hosts = 0
    var upgrades = false
    var kept = head.isKeepAlive
    for (name, value) in head.headers {
      headers.append((name, value))
      switch name.utf8.count {
      case 4 where equalIgnoringCase(name, "host"): hosts += 1
      case 6 where equalIgnoringCase(name, "expect"):
        expectsContinue = equalIgnoringCase(value, "100-continue")
      case 7 where equalIgnoringCase(name, "upgrade"): upgrades = true
      case 14 where equalIgnoringCase(name, "content-length"):
        contentLength = Int(value)
        isBroken = isBroken || contentLength == nil
      case 15 where forwardedFor == nil && equalIgnoringCase(name, "x-forwarded-for"):
        forwardedFor = value
      case 17 where equalIgnoringCase(name, "transfer-encoding"):
        isBroken = isBroken || isChunked || !equalIgnoringCase(value, "chunked")
        isChunked = true
      default: break
      }
    }
    // The parser takes what follows an upgrade for another protocol.
    if upgrades || head.method == .CONNECT { kept = false }
    if isChunked, contentLength != nil { isBroken = true }
    if hosts > 1 || (hosts == 0 && head.version.minor > 0) { isBroken = true }
    expectsContinue = expectsContinue && head.version.minor > 0
    self.headers = headers
    keepsAlive = kept
    isOldVersion = head.version.minor == 0
  }

  let isOldVersion: Bool

  var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }
}
