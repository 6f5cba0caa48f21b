/// A pattern in which `*` stands for any characters and `?` for exactly one, compared without
/// regard to case.
///
/// spec: appendices#glob-style-matching
struct GlobPattern: Sendable, Equatable {
  /// What is between the `*`, as folded UTF-8 with `anyCharacter` for `?`. One part at least.
  private let parts: [[UInt8]]

  /// A byte that UTF-8 does not have.
  private static let anyCharacter: UInt8 = 0xFF

  init(_ text: String) {
    parts = FoldedText.fold(text)
      .split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
      .map { part in part.map { $0 == UInt8(ascii: "?") ? Self.anyCharacter : $0 } }
  }

  /// The one text that matches; nil when there are more.
  var literal: [UInt8]? {
    guard parts.count == 1, let only = parts.first, !only.contains(Self.anyCharacter) else {
      return nil
    }
    return only
  }

  /// Whether the pattern stands for the whole text.
  /// - Parameters:
  ///   - text: folded.
  ///   - steps: what the search may still cost; nothing matches when it is used up.
  func matches(_ text: [UInt8], steps: inout Int) -> Bool {
    guard let first = parts.first, let last = parts.last,
      var position = end(of: first, at: 0, in: text)
    else { return false }
    if parts.count == 1 { return position == text.count }
    guard let lastStart = start(of: last, endingAt: text.count, in: text) else { return false }
    for part in parts.dropFirst().dropLast() {
      guard let end = firstEnd(of: part, from: position, in: text, steps: &steps) else {
        return false
      }
      position = end
    }
    return position <= lastStart
  }

  /// Whether the pattern stands for a part of the text that begins and ends at the boundaries of
  /// words. Each part of the pattern is taken where it comes first, which leaves the most room
  /// for the next.
  func matchesWords(of text: [UInt8], steps: inout Int) -> Bool {
    var position = 0
    for (index, part) in parts.enumerated() {
      // An empty part at the edge reaches to the edge of the text.
      if part.isEmpty, parts.count > 1 { continue }
      guard
        let end = firstEnd(
          of: part, from: position, in: text, atStart: index == 0,
          atEnd: index == parts.count - 1, steps: &steps)
      else { return false }
      position = end
    }
    return true
  }

  /// Where the first occurrence of a part ends.
  /// - Parameters:
  ///   - atStart: whether it must begin at the boundary of a word.
  ///   - atEnd: whether it must end at one.
  private func firstEnd(
    of part: [UInt8], from start: Int, in text: [UInt8], atStart: Bool = false,
    atEnd: Bool = false, steps: inout Int
  ) -> Int? {
    var offset = start
    while offset <= text.count {
      if let first = part.first, first != Self.anyCharacter {
        guard let next = Self.offset(of: first, from: offset, in: text) else { return nil }
        steps -= (next - offset) / Self.bytesPerStep
        offset = next
      }
      steps -= 1
      guard steps > 0 else { return nil }
      if let end = end(of: part, at: offset, in: text) {
        if !atStart || FoldedText.isBoundary(text, offset),
          !atEnd || FoldedText.isBoundary(text, end)
        {
          return end
        }
        steps -= part.count
      }
      offset = Self.next(after: offset, in: text)
    }
    return nil
  }

  /// What looking for a byte passes in the time of one step.
  private static let bytesPerStep = 4

  private static func offset(of byte: UInt8, from start: Int, in text: [UInt8]) -> Int? {
    text.withUnsafeBufferPointer { text in
      var offset = start
      while offset < text.count {
        if text[offset] == byte { return offset }
        offset += 1
      }
      return nil
    }
  }

  /// Where the part ends when it begins at `offset`; nil when it is not there.
  private func end(of part: [UInt8], at offset: Int, in text: [UInt8]) -> Int? {
    var position = offset
    for byte in part {
      guard position < text.count else { return nil }
      if byte == Self.anyCharacter {
        position = Self.next(after: position, in: text)
      } else {
        guard text[position] == byte else { return nil }
        position += 1
      }
    }
    return position
  }

  private func start(of part: [UInt8], endingAt end: Int, in text: [UInt8]) -> Int? {
    var position = end
    for byte in part.reversed() {
      guard position > 0 else { return nil }
      position -= 1
      if byte == Self.anyCharacter {
        while position > 0, Self.isContinuation(text[position]) { position -= 1 }
      } else {
        guard text[position] == byte else { return nil }
      }
    }
    return position
  }

  private static func next(after offset: Int, in text: [UInt8]) -> Int {
    var next = offset + 1
    while next < text.count, isContinuation(text[next]) { next += 1 }
    return next
  }

  private static func isContinuation(_ byte: UInt8) -> Bool {
    byte & 0xC0 == 0x80
  }
}
