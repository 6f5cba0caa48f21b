/// How far a reader has come in a stream that several writers write: one position a writer.
///
/// Only positions above the minimum are listed, so an idle fleet's token is one number. A writer
/// that is not listed counts as being at the minimum; that holds for writers yet to be registered
/// too, as their rows come later in the shared sequence.
package struct VectorToken: Hashable, Sendable, CustomStringConvertible {
  /// Writers in a token's text; a longer text is not a token.
  static let writerLimit = 1024

  package private(set) var minimum: Int64
  package private(set) var positions: [WriterID: Int64]

  /// Entries that are not above the minimum are left out, so that equal tokens compare equal.
  package init(minimum: Int64, positions: [WriterID: Int64] = [:]) {
    self.minimum = minimum
    self.positions = positions.filter { $0.value > minimum }
  }

  package func position(of writer: WriterID) -> Int64 {
    positions[writer] ?? minimum
  }

  package var maximum: Int64 {
    positions.values.max() ?? minimum
  }

  package func covers(_ writer: WriterID, _ position: Int64) -> Bool {
    self.position(of: writer) >= position
  }

  /// Whether whoever is at `other` has seen all that this token stands for.
  package func isCovered(by other: VectorToken) -> Bool {
    minimum <= other.minimum && positions.allSatisfy { other.covers($0.key, $0.value) }
  }

  /// The same token with one writer further on; a lower position changes nothing.
  package func advanced(_ writer: WriterID, to position: Int64) -> VectorToken {
    guard position > self.position(of: writer) else { return self }
    var token = self
    token.positions[writer] = position
    return token
  }

  /// Stands for what either token stands for.
  package func union(_ other: VectorToken) -> VectorToken {
    let writers = Set(positions.keys).union(other.positions.keys)
    return VectorToken(
      minimum: max(minimum, other.minimum),
      positions: writers.reduce(into: [:]) {
        $0[$1] = max(position(of: $1), other.position(of: $1))
      })
  }

  /// The same token with no writer beyond a position.
  package func limited(to position: Int64) -> VectorToken {
    VectorToken(
      minimum: min(minimum, position), positions: positions.mapValues { min($0, position) })
  }
}

// The text form is `minimum~writer.position~writer.position`: digits, `~` and `.` need no
// escapes in a URL.
extension VectorToken {
  package var description: String {
    positions.sorted { $0.key < $1.key }.reduce(String(minimum)) {
      "\($0)~\($1.key.raw).\($1.value)"
    }
  }

  package init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "~"), omittingEmptySubsequences: false)
    guard let first = parts.first, let minimum = Self.number(first),
      parts.count <= Self.writerLimit
    else { return nil }
    var positions: [WriterID: Int64] = [:]
    for part in parts.dropFirst() {
      let pair = part.split(
        separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, let raw = Self.number(pair[0]), let writer = Int32(exactly: raw),
        let position = Self.number(pair[1]),
        positions.updateValue(position, forKey: WriterID(raw: writer)) == nil
      else { return nil }
    }
    self.init(minimum: minimum, positions: positions)
  }

  /// Digits only: no sign, no spaces.
  private static func number(_ digits: Substring.UTF8View) -> Int64? {
    guard let first = digits.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9")
    else { return nil }
    return Int64(Substring(digits))
  }
}
