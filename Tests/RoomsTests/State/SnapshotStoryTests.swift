import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// States of rooms with forks against a simple model of them.
struct SnapshotStoryTests {
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func everyStateIsWhatHappened(_ seed: UInt64) throws {
    var story = SnapshotStory(seed: seed)
    try story.tell(300)
    let tree = story.tree
    for point in story.points {
      let state = try tree.state(at: point.snapshot)
      #expect(entries(state) == point.state)
      #expect(state.numbers.sorted() == point.state.values.sorted())
      let before = tree.snapshot(before: point.number, leadingTo: point.snapshot)
      #expect(entries(try tree.state(at: before)) == point.before)
      for slot in 0..<story.slots {
        let event = try tree.event(in: slot, at: point.snapshot)
        #expect(event == point.state[slot] ?? StateEdit.none)
      }
    }
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func equalStatesHaveEqualHashes(_ seed: UInt64) throws {
    var story = SnapshotStory(seed: seed)
    try story.tell(300)
    let tree = story.tree
    var hashes: [[Int32: Int64]: StateHash] = [:]
    for point in story.points {
      let hash = try tree.hash(at: point.snapshot, story.salt)
      #expect(hashes[point.state, default: hash] == hash)
      hashes[point.state] = hash
    }
    #expect(Set(hashes.values).count == hashes.count)
  }

  /// States that follow on others are always new, so those that are equal are the ends of forks.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func equalStatesAreOne(_ seed: UInt64) throws {
    var story = SnapshotStory(seed: seed)
    try story.tell(300)
    var snapshots: [[Int32: Int64]: SnapshotID?] = [:]
    var shared = 0
    for point in story.points where point.isResolved {
      if let known = snapshots[point.state] {
        shared += 1
        #expect(known == point.snapshot)
      }
      snapshots[point.state] = point.snapshot
    }
    #expect(shared > 0)
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func changesLeadFromAnyStateToAnyOther(_ seed: UInt64) throws {
    var story = SnapshotStory(seed: seed)
    try story.tell(200)
    let tree = story.tree
    for _ in 0..<300 {
      let (from, to) = (story.anyPoint(), story.anyPoint())
      let change = try tree.change(from: from.snapshot, to: to.snapshot)
      for edit in change.edits {
        #expect(from.state[edit.slot] ?? StateEdit.none == edit.old)
        #expect(to.state[edit.slot] ?? StateEdit.none == edit.new)
      }
      let differing = (0..<story.slots).filter { from.state[$0] != to.state[$0] }
      #expect(change.edits.map(\.slot) == differing)
      let states = (try tree.state(at: from.snapshot), try tree.state(at: to.snapshot))
      #expect(states.1.change(from: states.0) == change)
    }
  }

  /// A long history without forks, as nearly all are.
  @Test func chainsStayShort() throws {
    var story = SnapshotStory(seed: 5, slots: 1000, forkChance: 0)
    try story.tell(6000)
    let tree = story.tree
    let lengths = try story.points.map { try tree.chain(from: $0.snapshot).count }
    // 64 changes a layer, orders of magnitude of 8: 6000 changes are of the third.
    let longest = try #require(lengths.max())
    #expect(longest <= 3 * LayerCompaction.fanOut)
    // A change is stored once as such, and again for each order of magnitude.
    #expect(tree.size < 3 * 6000)
    let last = try #require(story.points.last)
    #expect(entries(try tree.state(at: last.snapshot)) == last.state)
  }

  private func entries(_ state: RoomState) -> [Int32: Int64] {
    var entries: [Int32: Int64] = [:]
    for slot in 0..<1000 as Range<Int32> where state[slot] != StateEdit.none {
      entries[slot] = state[slot]
    }
    return entries
  }
}

extension SnapshotTree {
  fileprivate var size: Int {
    layers.values.reduce(0) { $0 + $1.changes.reduce(0) { $0 + $1.edits.count } }
  }
}
