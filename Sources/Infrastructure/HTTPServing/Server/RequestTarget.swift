/// The target of a request line, split but not decoded.
// spec: RFC 9112 section 3.2
struct RequestTarget: Equatable {
  var path: String
  var query: String

  /// Nil for a target with bytes that were no UTF-8, which the parser has replaced.
  init?(_ uri: String) {
    guard !uri.utf8.contains(0xEF) || !uri.unicodeScalars.contains("\u{FFFD}") else { return nil }
    var rest = uri[...]
    if !uri.hasPrefix("/"), let scheme = uri.range(of: "://") {
      let authority = uri[scheme.upperBound...]
      rest = authority.firstIndex(of: "/").map { authority[$0...] } ?? "/"
    }
    if let fragment = rest.utf8.firstIndex(of: UInt8(ascii: "#")) { rest = rest[..<fragment] }
    if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
      path = String(rest[..<mark])
      query = String(rest[rest.utf8.index(after: mark)...])
    } else {
      path = String(rest)
      query = ""
    }
  }
}

extension String {
  /// The first place of an ASCII text.
  fileprivate func range(of text: StaticString) -> Range<String.Index>? {
    let wanted = text.withUTF8Buffer { Array($0) }
    var start = utf8.startIndex
    while let end = utf8.index(start, offsetBy: wanted.count, limitedBy: utf8.endIndex) {
      if utf8[start..<end].elementsEqual(wanted) { return start..<end }
      start = utf8.index(after: start)
    }
    return nil
  }
}
