import Testing

@testable import Streams

@Suite struct SimulationTests {
  /// Each reader delivers each row exactly once and in its writer's order, tokens never go back
  /// and never run ahead of what may still be committed, and polling alone repairs what the bus
  /// has lost.
  @Test(arguments: 0..<20)
  func readersAgreeWithTheDatabase(block: UInt64) {
    for seed in block * 25..<(block + 1) * 25 {
      var fleet = SimulatedFleet(seed: seed, readers: 3)
      for _ in 0..<500 where fleet.problems.isEmpty { fleet.step() }
      fleet.comeToRest()
      #expect(fleet.problems.isEmpty, "seed \(seed): \(fleet.problems.first ?? "")")
      #expect(fleet.committed.values.joined().count > 20, "seed \(seed) does too little")
      for reader in fleet.readers {
        guard let start = reader.start else { continue }
        for (writer, rows) in fleet.committed {
          let expected = rows.filter { $0 > start.position(of: writer) }
          #expect(reader.delivered[writer] ?? [] == expected, "seed \(seed), writer \(writer)")
        }
        for (writer, position) in fleet.positions {
          #expect(reader.visible.covers(writer, position), "seed \(seed), writer \(writer)")
        }
      }
    }
  }
}
