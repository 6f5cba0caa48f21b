import Foundation
import Fuzz
import TestKit
import Testing

/// The saved inputs of the fuzzer, and some bent from them, as ordinary tests.
@Suite struct CorpusTests {
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "FuzzCorpus")

  private static func inputs(_ target: FuzzTarget) throws -> [[UInt8]] {
    let folder = corpus.appending(path: target.rawValue)
    return try FileManager.default
      .contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { Array(try Data(contentsOf: $0)) }
  }

  @Test(arguments: FuzzTarget.allCases) func savedInputs(target: FuzzTarget) throws {
    let inputs = try Self.inputs(target)
    #expect(inputs.count > 20)
    for input in inputs { try target.check(input) }
  }

  @Test(arguments: FuzzTarget.allCases) func bentInputs(target: FuzzTarget) throws {
    var random = SeededRandom(2026)
    let inputs = try Self.inputs(target).filter { !$0.isEmpty && $0.count < 3000 }
    for _ in 0..<3000 {
      var input = random.pick(inputs)
      let other = random.pick(inputs)
      for _ in 0...random.below(3) {
        let place = random.below(input.count)
        switch random.below(4) {
        case 0: input[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: input[place] ^= 1 << UInt8(random.below(8))
        case 2: input.insert(contentsOf: other.suffix(random.below(other.count)), at: place)
        default: input.remove(at: place)
        }
        if input.isEmpty { break }
      }
      try target.check(input)
    }
  }
}
