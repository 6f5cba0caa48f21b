/// A socket on which a process answers HTTP.
package struct Listener: Sendable, Hashable {
  package enum Kind: String, Sendable {
    case http
    case metrics
  }

  /// Groups of endpoints. `/health` and `/ready` are answered by every `http` listener.
  package enum Resource: String, Sendable, CaseIterable {
    case client, federation, media, replication, health, metrics, openid, keys, `static`, consent
  }

  package enum Address: Sendable, Hashable {
    /// With both `::` and `0.0.0.0` in the list, the second may fail to bind where the first
    /// takes IPv4 as well.
    case tcp(bindAddresses: [String], port: Int)
    case unix(path: String, mode: UInt32)
  }

  package static let defaultBindAddresses = ["::", "0.0.0.0"]
  package static let defaultSocketMode: UInt32 = 0o666

  package let kind: Kind
  package let address: Address
  package let usesTLS: Bool
  /// Take the client's address from `X-Forwarded-For`.
  package let trustsForwardedFor: Bool
  package let resources: Set<Resource>
  /// The key that it was read from, such as `listeners[1]`, for messages.
  package let name: String
  package let location: SourceLocation?

  /// Two listeners that cannot both be bound on one machine.
  func collides(with other: Listener) -> Bool {
    switch (address, other.address) {
    case (.unix(let mine, _), .unix(let theirs, _)): return mine == theirs
    case (.tcp(let mine, let port), .tcp(let theirs, let otherPort)):
      guard port == otherPort, port != 0 else { return false }
      return mine.contains { a in theirs.contains { b in Self.overlap(a, b) } }
    default: return false
    }
  }

  private static func overlap(_ a: String, _ b: String) -> Bool {
    let a = canonical(a)
    let b = canonical(b)
    if a == b || a == "::" || b == "::" { return true }
    if a == "0.0.0.0" { return !b.contains(":") }
    if b == "0.0.0.0" { return !a.contains(":") }
    return false
  }

  private static func canonical(_ address: String) -> String {
    switch address {
    case "", "*": "::"
    case "localhost": "127.0.0.1"
    default: address
    }
  }

  var addressText: String {
    switch address {
    case .tcp(_, let port): "port \(port)"
    case .unix(let path, _): "the socket \(path)"
    }
  }

  /// The key within the listener that says where it listens.
  var addressKey: String {
    switch address {
    case .tcp: "\(name).port"
    case .unix: "\(name).path"
    }
  }
}
