/// Which of the keys that a client sends are stored, beside those that are there.
struct KeyMerge: Sendable {
  /// One of each session.
  let stored: [BackedUpKey]
  /// How many sessions are new to the backup.
  let added: Int

  /// - Parameter known: the keys of the same sessions that the backup has.
  init(_ sent: [BackedUpKey], into known: [KeyPlace: KeyQuality]) {
    var best = known
    var winners: [KeyPlace: BackedUpKey] = [:]
    for key in sent where best[key.place].map({ key.quality.isBetter(than: $0) }) ?? true {
      best[key.place] = key.quality
      winners[key.place] = key
    }
    stored = Array(winners.values)
    added = best.count - known.count
  }
}
