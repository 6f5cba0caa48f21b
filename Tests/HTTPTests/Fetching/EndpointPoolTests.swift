import TestKit
import Testing

@testable import HTTPFetching

@Suite struct EndpointPoolTests {
  @Test func keepsWhatIsFreeAndConnectsUpToTheLimit() {
    var pool = EndpointPool(connectionLimit: 2, waitingLimit: 2)
    #expect(pool.request(1) == [.connect])
    #expect(pool.request(2) == [.connect])
    #expect(pool.request(3) == [.refuse(3)])
    #expect(pool.connected(10, at: 0) == [.assign(1, 10)])
    #expect(pool.request(4) == [])
    #expect(pool.connected(11, at: 0) == [.assign(2, 11)])
    #expect(pool.released(10, isReusable: true, at: 1) == [.assign(4, 10)])
    #expect(pool.released(10, isReusable: true, at: 2) == [])
    #expect(pool.hasIdle)
    #expect(pool.request(5) == [.assign(5, 10)])
    #expect(!pool.hasIdle)
  }

  @Test func aFailureReachesTheOneThatWaitedLongestAndOthersTryAgain() {
    var pool = EndpointPool(connectionLimit: 1, waitingLimit: 9)
    #expect(pool.request(1) == [.connect])
    #expect(pool.request(2) == [])
    #expect(pool.connectFailed() == [.fail(1), .connect])
    #expect(pool.connectFailed() == [.fail(2)])
    #expect(pool.isUnused)
  }

  @Test func aConnectionThatEndsMakesRoom() {
    var pool = EndpointPool(connectionLimit: 1, waitingLimit: 9)
    _ = pool.request(1)
    _ = pool.connected(10, at: 0)
    #expect(pool.request(2) == [])
    #expect(pool.released(10, isReusable: false, at: 0) == [.close(10), .connect])
    #expect(pool.connected(11, at: 0) == [.assign(2, 11)])
    #expect(pool.closed(11) == [])
    #expect(pool.released(11, isReusable: false, at: 0) == [])
    #expect(pool.isUnused)
  }

  @Test func aRequestThatGaveUpIsNotServed() {
    var pool = EndpointPool(connectionLimit: 1, waitingLimit: 9)
    _ = pool.request(1)
    _ = pool.request(2)
    pool.abandoned(1)
    #expect(pool.connected(10, at: 0) == [.assign(2, 10)])
  }

  @Test func connectionsThatStayIdleAreGivenUp() {
    var pool = EndpointPool(connectionLimit: 3, waitingLimit: 9)
    for id in 1...3 { _ = pool.request(id) }
    for id in 1...3 { _ = pool.connected(10 + id, at: 0) }
    for id in 1...3 { _ = pool.released(10 + id, isReusable: true, at: Int64(id * 100)) }
    #expect(pool.expire(before: 250) == [.close(11), .close(12)])
    #expect(pool.expire(before: 250) == [])
    #expect(pool.request(9) == [.assign(9, 13)])
  }

  @Test(arguments: 0..<20)
  func neverExceedsItsLimitsNorLosesARequest(seed: Int) {
    var random = SeededRandom(UInt64(seed) + 1)
    var pool = EndpointPool(connectionLimit: 4, waitingLimit: 6)
    var connecting = 0
    var open: Set<Int> = []
    var busy: [Int: Int] = [:]
    var unanswered: Set<Int> = []
    var next = 0
    func apply(_ actions: [EndpointPool.Action]) {
      for action in actions {
        switch action {
        case .assign(let request, let connection):
          #expect(open.contains(connection))
          #expect(busy.updateValue(request, forKey: connection) == nil)
        case .connect: connecting += 1
        case .close(let connection): open.remove(connection)
        case .refuse(let request), .fail(let request): unanswered.remove(request)
        }
      }
      #expect(open.count + connecting <= 4)
    }
    for step in 0..<500 {
      next += 1
      switch Int.random(in: 0..<6, using: &random) {
      case 0, 1:
        unanswered.insert(next)
        apply(pool.request(next))
      case 2 where connecting > 0:
        connecting -= 1
        open.insert(next)
        apply(pool.connected(next, at: Int64(step)))
      case 3 where connecting > 0:
        connecting -= 1
        apply(pool.connectFailed())
      case 4:
        guard let (connection, request) = busy.randomElement(using: &random) else { continue }
        busy[connection] = nil
        unanswered.remove(request)
        let keeps = Bool.random(using: &random)
        apply(pool.released(connection, isReusable: keeps, at: Int64(step)))
      default: apply(pool.expire(before: Int64(step) - 20))
      }
    }
    while connecting > 0 || !busy.isEmpty {
      next += 1
      if connecting > 0 {
        connecting -= 1
        open.insert(next)
        apply(pool.connected(next, at: 0))
      } else if let (connection, request) = busy.first {
        busy[connection] = nil
        unanswered.remove(request)
        apply(pool.released(connection, isReusable: true, at: 0))
      }
    }
    #expect(unanswered.isEmpty)
  }
}
