/// The target of a request line, split but not decoded.
// spec: RFC 9112 section 3.2
struct RequestTarget: Equatable {
  var path: String
  var query: String

  private static let question = UInt8(ascii: "?")
  private static let hash = UInt8(ascii: "#")
  private static let slash = UInt8(ascii: "/")
  /// What the parser put in the place of bytes that were no UTF-8.
  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// Nil for a target with bytes that were no UTF-8.
  init?(_ uri: String) {
    let parts: (path: String, query: String)?? =
      uri.utf8.withContiguousStorageIfAvailable(Self.split)
    guard let parts = parts ?? nil else { return nil }
    path = parts.path
    query = parts.query
  }

  private static func split(
    _ uri: UnsafeBufferPointer<UInt8>
  ) -> (path: String, query: String)? {
    var rest = uri[...]
    var search = rest
    while let mark = search.firstIndex(of: replacement[0]) {
      guard !rest[mark...].starts(with: replacement) else { return nil }
      search = rest[(mark + 1)...]
    }
    if rest.first != slash { rest = withoutAuthority(rest) }
    if let fragment = rest.firstIndex(of: hash) { rest = rest[..<fragment] }
    let end = rest.firstIndex(of: question) ?? rest.endIndex
    let path = rest[..<end]
    let query = rest[end...].dropFirst()
    return (
      path.isEmpty ? "/" : String(decoding: path, as: UTF8.self),
      String(decoding: query, as: UTF8.self)
    )
  }

  /// The part of an absolute target that begins with the path; other targets as they are.
  private static func withoutAuthority(
    _ target: Slice<UnsafeBufferPointer<UInt8>>
  ) -> Slice<UnsafeBufferPointer<UInt8>> {
    let scheme = target.prefix { $0 != slash && $0 != question && $0 != hash }
    let rest = target[scheme.endIndex...]
    guard scheme.last == UInt8(ascii: ":"), rest.starts(with: [slash, slash]) else {
      return target
    }
    return rest.dropFirst(2).drop { $0 != slash && $0 != question && $0 != hash }
  }
}
