/// "Did you mean": the known word nearest to what was written.
enum Suggestion {
  /// More edits than this and the guess is more confusing than helpful.
  private static let maximumDistance = 3
  /// Two letters in the wrong order are two edits.
  private static let usualDistance = 2

  static func nearest(to word: String, among known: some Sequence<String>) -> String? {
    let limit = min(
      maximumDistance, word.utf8.count - 1, max(usualDistance, word.utf8.count / 3))
    var best: (word: String, distance: Int)?
    for candidate in known {
      let distance = distance(Array(word.utf8), Array(candidate.utf8))
      guard distance <= limit else { continue }
      if let current = best, (current.distance, current.word) <= (distance, candidate) { continue }
      best = (candidate, distance)
    }
    return best?.word
  }

  static func hint(for word: String, among known: some Sequence<String>) -> String? {
    nearest(to: word, among: known).map { "did you mean `\($0)`?" }
  }

  /// Levenshtein distance with one row of memory.
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let substituted = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
      }
    }
    return row[right.count]
  }
}
