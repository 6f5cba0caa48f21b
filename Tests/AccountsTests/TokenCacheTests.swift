import MatrixIdentifiers
import TestKit
import Testing

@testable import Accounts

struct TokenCacheTests {
  private func key(_ number: Int) -> [UInt8] {
    [UInt8(number & 255), UInt8(number >> 8 & 255)]
  }

  private func entry(_ number: Int, validUntil: Int64? = nil) throws -> TokenCache.Entry {
    let user = try #require(UserID("@user\(number):example.org"))
    return TokenCache.Entry(
      requester: Requester(userID: user, deviceID: "D", tokenHash: key(number)),
      validUntil: validUntil, sightedAt: 0)
  }

  private func fill(_ cache: TokenCache, _ numbers: Range<Int>) throws {
    for number in numbers {
      cache.insert(try entry(number), for: key(number), loadedAt: cache.generation)
    }
  }

  @Test func neverHoldsMoreThanItsCapacity() throws {
    let cache = TokenCache(capacity: 10, sightingInterval: 1)
    try fill(cache, 0..<1000)
    #expect(cache.count == 10)
    #expect(cache.find(key(999), now: 0) != nil)
  }

  @Test func keepsWhatIsUsed() throws {
    let cache = TokenCache(capacity: 10, sightingInterval: 1)
    try fill(cache, 0..<10)
    for number in 10..<200 {
      #expect(cache.find(key(3), now: 0) != nil)
      try fill(cache, number..<(number + 1))
    }
    #expect(cache.find(key(3), now: 0) != nil)
    #expect(cache.find(key(4), now: 0) == nil)
  }

  @Test func entryLoadedBeforeAnInvalidationIsNotKept() throws {
    let cache = TokenCache(capacity: 10, sightingInterval: 1)
    let before = cache.generation
    cache.remove([key(1)])
    cache.insert(try entry(1), for: key(1), loadedAt: before)
    #expect(cache.find(key(1), now: 0) == nil)
    cache.removeAll()
    cache.insert(try entry(1), for: key(1), loadedAt: before + 1)
    #expect(cache.find(key(1), now: 0) == nil)
  }

  @Test func removalFreesTheSlot() throws {
    let cache = TokenCache(capacity: 3, sightingInterval: 1)
    try fill(cache, 0..<3)
    cache.remove([key(1), key(77)])
    #expect(cache.count == 2)
    try fill(cache, 3..<4)
    #expect(cache.count == 3)
    #expect([0, 2, 3].allSatisfy { cache.find(key($0), now: 0) != nil })
  }

  @Test func tellsExpiryAndWhenAUseIsToBeNoted() throws {
    let cache = TokenCache(capacity: 3, sightingInterval: 100)
    cache.insert(try entry(1, validUntil: 500), for: key(1), loadedAt: cache.generation)
    #expect(cache.find(key(1), now: 99)?.sightingDue == false)
    #expect(cache.find(key(1), now: 100)?.sightingDue == true)
    #expect(cache.find(key(1), now: 150)?.sightingDue == false)
    #expect(cache.find(key(1), now: 499)?.expired == false)
    #expect(cache.find(key(1), now: 500)?.expired == true)
  }

  /// Against a plain dictionary: the cache may forget, but never answers with something else,
  /// nor with what was removed.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func agreesWithADictionary(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let cache = TokenCache(capacity: 16, sightingInterval: 1)
    var model: [Int: UserID] = [:]
    for _ in 0..<2000 {
      let number = Int.random(in: 0..<40, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let found = cache.find(key(number), now: 0)
        if let found { #expect(found.requester.userID == model[number], "seed \(seed)") }
      case 5..<9:
        let entry = try entry(number)
        cache.insert(entry, for: key(number), loadedAt: cache.generation)
        model[number] = entry.requester.userID
        #expect(cache.find(key(number), now: 0) != nil, "seed \(seed)")
      default:
        cache.remove([key(number)])
        model[number] = nil
        #expect(cache.find(key(number), now: 0) == nil, "seed \(seed)")
      }
      #expect(cache.count <= 16, "seed \(seed)")
    }
  }
}
