import MatrixCrypto

/// Tells the states of one room apart, and equal ones to be equal, at a cost that depends on what
/// changes and not on how much there is: the sum of a pseudo-random number for each event.
package struct StateHash: Hashable, Sendable {
  package static let byteCount = 16

  /// Of the state without events.
  package static let empty = StateHash(sum: 0)

  private let sum: UInt128

  private init(sum: UInt128) {
    self.sum = sum
  }

  /// Nil unless there are `byteCount` bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    sum = bytes.reduce(0) { $0 << 8 | UInt128($1) }
  }

  package var bytes: [UInt8] {
    (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: sum >> (8 * (15 - $0))) }
  }

  package func after(_ change: StateChange, _ salt: StateSalt) -> StateHash {
    var sum = sum
    for edit in change.edits {
      sum &-= salt.term(for: edit.old)
      sum &+= salt.term(for: edit.new)
    }
    return StateHash(sum: sum)
  }
}

/// A room's secret. Sums of public numbers are no hard puzzle: without it, who can have many
/// events made in a room could make two of its states look equal.
package struct StateSalt: Sendable {
  package static let byteCount = 16

  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package static func random() -> StateSalt {
    StateSalt(SecureRandom.bytes(byteCount))
  }

  fileprivate func term(for number: Int64) -> UInt128 {
    guard number != StateEdit.none else { return 0 }
    var message = bytes
    withUnsafeBytes(of: number.littleEndian) { message += $0 }
    return SHA256.hash(message).prefix(StateHash.byteCount).reduce(0) { $0 << 8 | UInt128($1) }
  }
}
