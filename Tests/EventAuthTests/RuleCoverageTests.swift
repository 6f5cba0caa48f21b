import EventAuth
import Foundation
import RoomEvents
import Testing

/// That the cases cover the specification: a rule without a case is named here.
@Suite struct RuleCoverageTests {
  private func cases(of rule: SpecRule, in version: RoomVersion) -> [AuthCase] {
    AuthCase.all.filter {
      $0.rule == rule.name && $0.outcome == rule.outcome && $0.versions.contains(version)
    }
  }

  @Test(arguments: RoomVersion.all) func everyRuleHasACase(version: RoomVersion) {
    let uncovered = SpecRule.all.compactMap { rule -> String? in
      guard let anchor = rule.anchor(in: version), cases(of: rule, in: version).isEmpty else {
        return nil
      }
      return "\(anchor) (\(rule.name), \(rule.outcome))"
    }
    #expect(uncovered.isEmpty)
  }

  @Test func everyCaseIsOfARuleThatItsVersionsHave() {
    let lost = AuthCase.all.flatMap { example in
      example.versions.compactMap { version -> String? in
        let rule = SpecRule.named(example.rule, example.outcome)
        return rule?.anchor(in: version) == nil ? "v\(version): \(example.testDescription)" : nil
      }
    }
    #expect(lost.isEmpty)
  }

  @Test func everyRejectionIsOfARule() {
    let listed = Set(SpecRule.all.filter { $0.outcome == .refuse }.map(\.name))
    #expect(Set(AuthRule.allCases.map(\.rawValue)) == listed)
  }

  /// What `SpecRules/list_rules.py` finds in a checkout of the specification.
  private static func specification() throws -> [[String]] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "SpecRules/rules.txt")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      line.split(separator: " ").map(String.init)
    }
  }

  /// Every rule of the specification's text is in the list with each of its outcomes, and nothing
  /// else is.
  @Test(arguments: RoomVersion.all) func theListIsThatOfTheSpecification(version: RoomVersion)
    throws
  {
    let rules = try Self.specification().filter { $0.first == version.id }
    #expect(rules.count > 50)
    let listed = SpecRule.all.compactMap { rule in
      rule.numbers[version].map { "\($0) \(rule.outcome)" }
    }
    let stated = rules.flatMap { rule in rule.dropFirst(2).map { "\(rule[1]) \($0)" } }
    #expect(Set(stated).subtracting(listed).isEmpty)
    // Whole groups of rules may be listed too.
    let numbers = rules.map { $0[1] }
    let lost = listed.filter { rule in
      !stated.contains(rule)
        && !numbers.contains { $0.hasPrefix(rule.prefix { $0 != " " } + ".") }
    }
    #expect(lost.isEmpty)
  }

  /// A number that was left out shows, because rules count from one on without a gap.
  @Test(arguments: RoomVersion.all) func theListHasNoGaps(version: RoomVersion) {
    let numbers = SpecRule.all.compactMap { $0.numbers[version] }
    #expect(!numbers.isEmpty)
    var known: Set<[Int]> = []
    for number in numbers {
      let path = number.split(separator: ".").compactMap { Int($0) }
      for length in 1...path.count { known.insert(Array(path.prefix(length))) }
    }
    let gaps = known.filter { path in
      guard let last = path.last, last > 1 else { return false }
      return !known.contains(path.dropLast() + [last - 1])
    }
    #expect(gaps.isEmpty)
  }

  @Test func theListIsReadWhole() {
    #expect(SpecRule.all.count == RuleList.text.split(separator: "\n").count - 1)
    let names = SpecRule.all.map { "\($0.name) \($0.outcome)" }
    #expect(Set(names).count == names.count)
    #expect(SpecRule.named("join.public", .allow)?.numbers[.v1] == "5.2.5")
    #expect(SpecRule.named("join.public", .allow)?.numbers[.v12] == "5.3.6")
    #expect(SpecRule.named("knock.rule", .refuse)?.numbers[.v6] == nil)
  }

  @Test func reasonsAreWrittenForPeople() {
    for rule in AuthRule.allCases {
      let rejection = AuthRejection(rule)
      #expect(rejection.reason != rejection.rule)
    }
  }
}
