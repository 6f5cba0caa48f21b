import Testing

@testable import Postgres

@Suite struct FifoTests {
  @Test(arguments: [1, 7, 1234] as [UInt64])
  func itBehavesAsAQueue(seed: UInt64) {
    var random = seed
    func next(_ bound: UInt64) -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (random >> 33) % bound
    }
    var fifo = Fifo<Int>()
    var model: [Int] = []
    for step in 0..<20_000 {
      // Phases that grow and phases that shrink.
      if next(100) < (step / 1000 % 2 == 0 ? 70 : 30) {
        fifo.append(step)
        model.append(step)
      } else {
        #expect(fifo.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      }
      #expect(fifo.count == model.count)
      #expect(fifo.first == model.first)
      #expect(fifo.isEmpty == model.isEmpty)
    }
    #expect(fifo.removeAll() == model)
    #expect(fifo.isEmpty)
  }
}
