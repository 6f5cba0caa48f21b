/// What a text may cost before the parser refuses it.
package struct JSONLimits: Sendable, Equatable {
  /// In bytes of text; the tape of a parsed text takes up to eight times as much.
  package var maximumBytes: Int
  /// Objects and arrays inside each other; a lone scalar has depth 0.
  package var maximumDepth: Int
  /// When false the last of equal keys wins, in look-ups and in canonical form.
  package var rejectsRepeatedKeys: Bool

  package init(maximumBytes: Int, maximumDepth: Int, rejectsRepeatedKeys: Bool) {
    self.maximumBytes = min(maximumBytes, Self.tapeCapacity)
    self.maximumDepth = maximumDepth
    self.rejectsRepeatedKeys = rejectsRepeatedKeys
  }

  /// Offsets and lengths on the tape have 28 bits.
  package static let tapeCapacity = 1 << 28 - 1

  /// For bodies whose size the transport has bounded already. Deep enough to hold an event that is
  /// itself at its limit.
  package static let `default` = JSONLimits(
    maximumBytes: tapeCapacity, maximumDepth: 512, rejectsRepeatedKeys: false)

  /// For one event in any spelling: the 64 KiB of its canonical form can take up to six times as
  /// much with every character escaped, and `unsigned` comes on top.
  package static let event = JSONLimits(
    maximumBytes: 512 * 1024, maximumDepth: 500, rejectsRepeatedKeys: true)
}
