/// Keeps a record on one line whatever its parts hold.
enum LogEscaping {
  private static let hexDigits = Array("0123456789abcdef".utf8)

  /// Text inside quotes, escaped as in JSON.
  static func appendQuoted(_ text: String, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    appendEscaped(text, quote: true, to: &line)
    line.append(UInt8(ascii: "\""))
  }

  /// Free text: only what would break the line is escaped.
  static func appendFree(_ text: String, to line: inout [UInt8]) {
    appendEscaped(text, quote: false, to: &line)
  }

  /// A value of `key=value`: bare when it is one plain word, else quoted.
  static func appendValue(_ text: String, to line: inout [UInt8]) {
    let plain = !text.isEmpty && text.utf8.allSatisfy(isPlain)
    if plain {
      line.append(contentsOf: text.utf8)
    } else {
      appendQuoted(text, to: &line)
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
      && byte != UInt8(ascii: "]")
  }

  private static func appendEscaped(_ text: String, quote: Bool, to line: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\n"):
        line.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
      case UInt8(ascii: "\t"):
        line.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
      case UInt8(ascii: "\r"):
        line.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        if quote { line.append(UInt8(ascii: "\\")) }
        line.append(byte)
      case 0..<0x20, 0x7F:
        line.append(contentsOf: "\\u00".utf8)
        line.append(hexDigits[Int(byte >> 4)])
        line.append(hexDigits[Int(byte & 15)])
      default:
        line.append(byte)
      }
    }
  }
}
