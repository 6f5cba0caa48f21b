/// Names a homeserver: a DNS name, an IPv4 address or an IPv6 address in brackets, and maybe a
/// port. Case matters.
///
/// spec: appendices#server-name
package struct ServerName: MatrixIdentifier {
  package let text: String
  private let hostBytes: UInt16

  package init?(_ text: String) {
    guard let hostBytes = Self.hostLength(of: text) else { return nil }
    self.text = text
    self.hostBytes = UInt16(hostBytes)
  }

  /// For text that is part of an identifier whose initialiser has checked it.
  init(checked text: String) {
    self.text = text
    self.hostBytes = UInt16(Self.hostLength(of: text) ?? text.utf8.count)
  }

  /// Brackets of an IPv6 address included.
  package var host: String {
    String(text.between(byte: 0, and: Int(hostBytes)))
  }

  /// Not checked against 65535: the grammar allows any five digits.
  package var port: Int? {
    guard Int(hostBytes) < text.utf8.count else { return nil }
    return Int(text.from(byte: Int(hostBytes) + 1))
  }

  /// Longest DNS name in the grammar.
  private static let maximumHostBytes = 255
  private static let maximumPortDigits = 5
  private static let addressBytesV6 = 2...45

  /// The length of the host part of the name that a text ends with, or nil when the name breaks
  /// the grammar.
  ///
  /// - Parameter start: of the name, in bytes.
  static func hostLength(of text: String, from start: Int = 0) -> Int? {
    text.withBytes { hostLength(of: UnsafeBufferPointer(rebasing: $0[start...])) }
  }

  private static func hostLength(of name: UnsafeBufferPointer<UInt8>) -> Int? {
    let host: Int
    if name.first == UInt8(ascii: "[") {
      guard let close = name.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      let address = name[1..<close]
      guard addressBytesV6.contains(address.count), address.allSatisfy(isAddressByteV6)
      else { return nil }
      host = close + 1
    } else {
      host = name.firstIndex { !isNameByte($0) } ?? name.count
      guard (1...maximumHostBytes).contains(host) else { return nil }
    }
    let rest = name[host...]
    guard let separator = rest.first else { return host }
    let digits = rest.dropFirst()
    guard separator == Sigil.colon, (1...maximumPortDigits).contains(digits.count),
      digits.allSatisfy(isDigit)
    else { return nil }
    return host
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private static func isAddressByteV6(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
