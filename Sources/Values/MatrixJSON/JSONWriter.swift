/// Appends JSON text and sets the commas. The caller sees to it that what is begun is ended and
/// that an object gets a key before each value.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  /// Something stands before the next value or key in the same object or array.
  private var needsComma = false

  /// - Parameter capacity: expected length in bytes.
  package init(capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  package mutating func beginObject() {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
  }

  package mutating func endObject() {
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  package mutating func beginArray() {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
  }

  package mutating func endArray() {
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  package mutating func key(_ key: String) {
    separate()
    quoted(key)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// The key as it is spelled in its document.
  package mutating func key(_ key: JSONView) {
    separate()
    bytes.append(contentsOf: key.rawBytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func string(_ value: String) {
    separate()
    quoted(value)
    needsComma = true
  }

  package mutating func integer(_ value: Int64) {
    separate()
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let first = bytes.count
    var rest = value.magnitude
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[first...].reverse()
    needsComma = true
  }

  package mutating func integer(_ value: Int) {
    integer(Int64(value))
  }

  /// The shortest decimal that reads back as the same double; null when it is not finite.
  package mutating func double(_ value: Double) {
    guard value.isFinite else { return null() }
    separate()
    bytes.append(contentsOf: value.description.utf8)
    needsComma = true
  }

  package mutating func bool(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
    needsComma = true
  }

  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
    needsComma = true
  }

  /// - Parameter value: the text of one value.
  package mutating func raw(_ value: [UInt8]) {
    separate()
    bytes.append(contentsOf: value)
    needsComma = true
  }

  /// - Parameter value: the text of one value.
  package mutating func raw(_ value: ArraySlice<UInt8>) {
    separate()
    bytes.append(contentsOf: value)
    needsComma = true
  }

  /// The value as it is spelled in its document.
  package mutating func value(_ view: JSONView) {
    raw(view.rawBytes)
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func quoted(_ text: String) {
    var text = text
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { EscapedText.escape($0, into: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }
}
