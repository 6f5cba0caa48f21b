import MatrixIdentifiers
import TestKit
import Testing

@testable import Ephemera

/// What one user's presence costs must not depend on how many others are there.
@Suite struct PresenceCostTests {
  private static let factor = 16
  private static let reports = 500

  @Test func aReportCostsTheSameInACrowd() throws {
    func cost(_ count: Int) throws -> Double {
      var (machine, now) = (PresenceMachine(), Int64(1_000_000))
      var changes: PresenceMachine.Changes = [:]
      let reports = try (0..<count).map { number in
        PresenceReport(
          userID: try #require(UserID("@u\(number):x")), deviceID: "D", kind: .active,
          state: .online)
      }
      for report in reports {
        machine.recall(report.userID, nil, into: &changes)
        machine.take(report, from: "w", at: now, into: &changes)
      }
      #expect(changes.count == count)
      return CPUTime.best {
        now += 1
        var changes: PresenceMachine.Changes = [:]
        for report in reports.prefix(Self.reports) {
          machine.take(report, from: "w", at: now, into: &changes)
          #expect(machine.nextDeadline != nil)
        }
        #expect(changes.isEmpty)
      }
    }
    let ratio = try cost(Self.reports * Self.factor) / cost(Self.reports)
    #expect(ratio < 3)
  }
}
