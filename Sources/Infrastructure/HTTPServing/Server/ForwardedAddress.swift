import NIOCore

/// The client's address as proxies hand it on.
enum ForwardedAddress {
  /// The first entry of `X-Forwarded-For`, when it is an IP address (a port is cut off).
  static func client(in header: String?) -> String? {
    guard let first = header?.split(separator: ",").first else { return nil }
    let entry = String(first.filter { $0 != " " && $0 != "\t" })
    return [entry, withoutPort(entry)].first(where: isAddress)
  }

  private static func withoutPort(_ entry: String) -> String {
    if entry.hasPrefix("["), let end = entry.firstIndex(of: "]") {
      return String(entry[..<end].dropFirst())
    }
    return entry.lastIndex(of: ":").map { String(entry[..<$0]) } ?? entry
  }

  private static func isAddress(_ text: String) -> Bool {
    (try? SocketAddress(ipAddress: text, port: 0)) != nil
  }
}
