import MatrixJSON
import Testing

@testable import RoomRemoval

struct RetentionPolicyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let standard: Int?
    let allowed: ClosedRange<Int>?
    let content: String?
    let lifetime: Int64?

    var testDescription: String {
      "\(content ?? "nothing"), usually \(String(describing: standard))"
    }
  }

  static let cases = [
    Case(standard: nil, allowed: nil, content: nil, lifetime: nil),
    Case(standard: 50, allowed: nil, content: nil, lifetime: 50),
    Case(standard: 50, allowed: nil, content: "{}", lifetime: 50),
    Case(standard: 50, allowed: nil, content: #"{"max_lifetime":7}"#, lifetime: 7),
    Case(standard: nil, allowed: nil, content: #"{"max_lifetime":7}"#, lifetime: 7),
    Case(standard: nil, allowed: 10...20, content: #"{"max_lifetime":7}"#, lifetime: 10),
    Case(standard: nil, allowed: 10...20, content: #"{"max_lifetime":15}"#, lifetime: 15),
    Case(standard: nil, allowed: 10...20, content: #"{"max_lifetime":70}"#, lifetime: 20),
    Case(standard: nil, allowed: 10...20, content: nil, lifetime: nil),
    Case(standard: 5, allowed: nil, content: #"{"max_lifetime":"7"}"#, lifetime: 5),
    Case(standard: nil, allowed: nil, content: #"{"max_lifetime":-1}"#, lifetime: nil),
    Case(standard: nil, allowed: nil, content: #"{"min_lifetime":7}"#, lifetime: nil),
  ]

  @Test(arguments: cases)
  func lifetime(_ one: Case) throws {
    let policy = RetentionPolicy(
      standard: one.standard.map { .milliseconds($0) },
      shortest: one.allowed.map { .milliseconds($0.lowerBound) },
      longest: one.allowed.map { .milliseconds($0.upperBound) })
    let content = try one.content.map { try JSONDocument(Array($0.utf8)).root }
    #expect(policy.lifetime(saidBy: content) == one.lifetime)
  }
}
