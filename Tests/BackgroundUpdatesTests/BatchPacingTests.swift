import TestKit
import Testing

@testable import BackgroundUpdates

@Suite struct BatchPacingTests {
  static let pace = UpdatePace()

  @Test func theFirstBatchHasTheConfiguredSize() {
    #expect(BatchPacing(UpdatePace(defaultSize: 50)).size == 50)
    #expect(BatchPacing(UpdatePace(minimumSize: 80, defaultSize: 50)).size == 80)
  }

  @Test(arguments: [(rate: 0.2, size: 20), (rate: 5.0, size: 500), (rate: 40.0, size: 4000)])
  func batchesComeToTakeTheTimeThatIsWanted(rate: Double, size: Int) {
    var pacing = BatchPacing(Self.pace)
    for _ in 0..<40 {
      pacing.note(items: pacing.size, took: .milliseconds(Double(pacing.size) / rate))
    }
    #expect(abs(pacing.size - size) <= size / 10, "\(pacing.size)")
  }

  @Test func aSlowBatchMakesTheNextSmaller() {
    var pacing = BatchPacing(Self.pace)
    pacing.note(items: 100, took: .seconds(10))
    #expect(pacing.size == 1)
    pacing = BatchPacing(UpdatePace(minimumSize: 7))
    pacing.note(items: 100, took: .seconds(1000))
    #expect(pacing.size == 7)
  }

  /// The first rows may be of no interest, and so say nothing of those to come.
  @Test func sizesGrowByDegreesAndNotForEver() {
    var pacing = BatchPacing(Self.pace)
    pacing.note(items: 100, took: .zero)
    #expect(pacing.size == 200)
    for _ in 0..<40 { pacing.note(items: pacing.size, took: .zero) }
    #expect(pacing.size == BatchPacing.maximumSize)
  }

  @Test func anEmptyBatchChangesNothing() {
    var pacing = BatchPacing(Self.pace)
    pacing.note(items: 0, took: .seconds(5))
    #expect(pacing.size == 100)
  }

  @Test func aStrainedDatabaseIsGivenTime() {
    let pacing = BatchPacing(Self.pace)
    #expect(pacing.pause(latency: .milliseconds(1)) == .seconds(1))
    #expect(pacing.pause(latency: .milliseconds(200)) == .seconds(4))
    #expect(pacing.pause(latency: .seconds(30)) == BatchPacing.longestPause)
    let hasty = BatchPacing(UpdatePace(sleep: .zero))
    #expect(hasty.pause(latency: .milliseconds(1)) == .zero)
    #expect(hasty.pause(latency: .milliseconds(100)) == .seconds(2))
  }
}
