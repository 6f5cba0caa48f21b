import TestKit
import Testing

@testable import Streams

@Suite struct VectorTokenTests {
  static func id(_ raw: Int32) -> WriterID { WriterID(raw: raw) }

  @Test(arguments: [
    ("0", VectorToken(minimum: 0)),
    ("123", VectorToken(minimum: 123)),
    (
      "123~2.150~13.160",
      VectorToken(minimum: 123, positions: [Self.id(2): 150, Self.id(13): 160])
    ),
    ("9223372036854775807", VectorToken(minimum: .max)),
  ])
  func textForm(text: String, token: VectorToken) {
    #expect(VectorToken(text) == token)
    #expect(token.description == text)
  }

  @Test(arguments: [
    "", "~", "1~", "~1.2", "1~2", "1~2.", "1~.2", "-1", "+1", " 1", "1 ", "1~2.3~", "1~2.3.4",
    "1~2.3~2.4", "1~2147483648.3", "9223372036854775808", "1~2.-3", "1~2.+3", "a", "0x1", "1.5",
    "1~2.3,4", "１", String(repeating: "9", count: 1000),
    "1" + (1...VectorToken.writerLimit).map { "~\($0).5" }.joined(),
  ])
  func whatIsNotAToken(text: String) {
    #expect(VectorToken(text) == nil)
  }

  @Test func entriesThatAreNotAboveTheMinimumAreLeftOut() {
    let token = VectorToken(minimum: 10, positions: [Self.id(1): 10, Self.id(2): 9])
    #expect(token == VectorToken(minimum: 10))
    #expect(VectorToken("10~1.10~2.3") == token)
    #expect(token.description == "10")
  }

  @Test func positionsOfListedAndOtherWriters() {
    let token = VectorToken(minimum: 10, positions: [Self.id(1): 12])
    #expect(token.position(of: Self.id(1)) == 12)
    #expect(token.position(of: Self.id(2)) == 10)
    #expect(token.maximum == 12)
    #expect(VectorToken(minimum: 10).maximum == 10)
    #expect(token.covers(Self.id(1), 12))
    #expect(!token.covers(Self.id(1), 13))
    #expect(token.covers(Self.id(2), 10))
    #expect(!token.covers(Self.id(2), 11))
  }

  @Test(arguments: [
    ("5", "5", true), ("5", "6", true), ("6", "5", false),
    ("5~1.7", "7", true), ("5~1.7", "6", false), ("5~1.7", "5~1.7", true),
    ("5~1.7", "5~1.8", true), ("5~1.7", "5~2.9", false), ("5~1.7", "6~1.7", true),
    ("6~1.7", "5~1.9~2.9", false), ("5", "5~1.6", true),
  ])
  func covering(left: String, right: String, expected: Bool) throws {
    let (left, right) = (try #require(VectorToken(left)), try #require(VectorToken(right)))
    #expect(left.isCovered(by: right) == expected)
  }

  @Test func advancingNeverGoesBack() {
    let token = VectorToken(minimum: 10, positions: [Self.id(1): 12])
    #expect(token.advanced(Self.id(1), to: 11) == token)
    #expect(token.advanced(Self.id(2), to: 10) == token)
    #expect(token.advanced(Self.id(2), to: 11).description == "10~1.12~2.11")
    #expect(token.advanced(Self.id(1), to: 20).description == "10~1.20")
  }

  static func random(_ source: inout SeededRandom) -> VectorToken {
    let count = Int.random(in: 0..<4, using: &source)
    let pairs = (0..<count).map { _ in
      (id(.random(in: 1...4, using: &source)), Int64.random(in: 0...8, using: &source))
    }
    return VectorToken(
      minimum: .random(in: 0...6, using: &source),
      positions: Dictionary(pairs) { first, _ in first })
  }

  /// Covering is a partial order; checked against the positions of writers 1 to 5, of which 5 is
  /// never listed.
  @Test func algebra() {
    var source = SeededRandom(7)
    for _ in 0..<5000 {
      let (a, b, c) = (
        Self.random(&source), Self.random(&source), Self.random(&source)
      )
      let writers = (1...5).map { Self.id($0) }
      let pointwise = writers.allSatisfy { a.position(of: $0) <= b.position(of: $0) }
      #expect(a.isCovered(by: b) == pointwise, "\(a) \(b)")
      #expect(a.isCovered(by: a))
      #expect(!(a.isCovered(by: b) && b.isCovered(by: a)) || a == b, "\(a) \(b)")
      #expect(!(a.isCovered(by: b) && b.isCovered(by: c)) || a.isCovered(by: c))
      let writer = writers[Int.random(in: 0..<5, using: &source)]
      let further = a.advanced(writer, to: 7)
      #expect(a.isCovered(by: further) && further.covers(writer, 7))
      #expect(VectorToken(a.description) == a)
      let (both, cut) = (a.union(b), a.limited(to: 4))
      for writer in writers {
        #expect(both.position(of: writer) == max(a.position(of: writer), b.position(of: writer)))
        #expect(cut.position(of: writer) == min(a.position(of: writer), 4))
      }
    }
  }
}
