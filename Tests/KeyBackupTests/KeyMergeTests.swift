import MatrixIdentifiers
import Postgres
import TestKit
import Testing

@testable import KeyBackup

@Suite struct KeyMergeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let new: (verified: Bool, index: Int64, forwarded: Int64)
    let replaces: Bool

    var testDescription: String { "\(new)" }
  }

  /// Beside a key that is not verified, with index 5, forwarded 5 times.
  static let besideUnverified: [Case] = [
    Case(new: (false, 5, 5), replaces: false), Case(new: (false, 5, 4), replaces: true),
    Case(new: (false, 5, 6), replaces: false), Case(new: (false, 4, 9), replaces: true),
    Case(new: (false, 6, 0), replaces: false), Case(new: (true, 9, 9), replaces: true),
  ]
  /// Beside one that is verified and else the same.
  static let besideVerified: [Case] = [
    Case(new: (false, 0, 0), replaces: false), Case(new: (true, 5, 5), replaces: false),
    Case(new: (true, 5, 4), replaces: true), Case(new: (true, 4, 6), replaces: true),
    Case(new: (true, 6, 0), replaces: false),
  ]

  @Test(arguments: besideUnverified)
  func aBetterKeyTakesThePlaceOfOneThatIsNotVerified(_ given: Case) throws {
    try check(given, beside: false)
  }

  @Test(arguments: besideVerified)
  func onlyAVerifiedKeyTakesThePlaceOfAVerifiedOne(_ given: Case) throws {
    try check(given, beside: true)
  }

  private func check(_ given: Case, beside verified: Bool) throws {
    let old = try key("s", verified: verified)
    let new = try key(
      "s", verified: given.new.verified, index: given.new.index, forwarded: given.new.forwarded)
    #expect(KeyMerge([new], into: [old.place: old.quality]).stored.isEmpty != given.replaces)
    // The same rule holds inside of one request, in either order.
    let first = KeyMerge([old, new], into: [:])
    #expect(first.stored == [given.replaces ? new : old])
    #expect(first.added == 1)
  }

  /// Whatever comes in whatever order: what stays is the best of all, and the first of equal ones.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func theBestOfAllStays(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let sent = try (0..<60).map { number in
      try key(
        "s\(random.below(4))", verified: random.chance(30), index: Int64(random.below(3)),
        forwarded: Int64(random.below(3)), data: number)
    }
    var stored: [KeyPlace: BackedUpKey] = [:]
    var count = 0
    var rest = sent[...]
    while !rest.isEmpty {
      let batch = rest.prefix(1 + random.below(10))
      rest = rest.dropFirst(batch.count)
      let merge = KeyMerge(Array(batch), into: stored.mapValues(\.quality))
      for key in merge.stored { stored[key.place] = key }
      count += merge.added
    }
    #expect(count == stored.count)
    for (place, kept) in stored {
      let own = sent.filter { $0.place == place }
      let ranked = own.min { left, right in
        let ranks = [left, right].map { key in
          [
            key.quality.isVerified ? 0 : 1, key.quality.firstMessageIndex,
            key.quality.forwardedCount,
          ]
        }
        return ranks[0].lexicographicallyPrecedes(ranks[1])
      }
      #expect(kept == ranked)
    }
  }

  /// Two ids that Swift's strings would call the same.
  @Test func sessionsAreToldApartByTheirBytes() throws {
    let merge = KeyMerge([try key("caf\u{e9}"), try key("cafe\u{301}")], into: [:])
    #expect(merge.added == 2)
  }
}

@Suite struct BackupVersionTests {
  @Test(arguments: ["1", "42", "9223372036854775807"])
  func numbersAreVersions(_ text: String) throws {
    #expect(BackupVersion(text)?.text == text)
  }

  @Test(arguments: ["", "0", "-1", "+1", "01", "1.0", "x", " 1", "1 ", "9223372036854775808", "١"])
  func othersAreNot(_ text: String) {
    #expect(BackupVersion(text) == nil)
  }

  @Test func migrationsAreNumberedInTheirRange() {
    #expect(KeyBackupSchema.migrations.allSatisfy { (850..<900).contains($0.number) })
  }
}
