import MatrixIdentifiers
import Streams
import TestKit
import Testing

@testable import Sync

struct RecentRoomsTests {
  private func room(_ number: Int) throws -> RoomID {
    try present(RoomID("!r\(number):a.example"), "room id")
  }

  private func position(_ writer: Int32, _ ordering: Int64) -> RecentRooms.Position {
    RecentRooms.Position(writer: WriterID(raw: writer), ordering: ordering)
  }

  @Test func whatIsBeforeTheBeginningIsNotKnown() throws {
    var recent = RecentRooms(limit: 10)
    recent.begin(at: VectorToken(minimum: 5))
    let (one, two) = (try room(1), try room(2))
    recent.note(one, position(1, 7))
    #expect(recent.hasNews(in: one, since: VectorToken(minimum: 6)) == true)
    #expect(recent.hasNews(in: one, since: VectorToken(minimum: 7)) == false)
    #expect(recent.hasNews(in: one, since: VectorToken(minimum: 1)) == true)
    #expect(recent.hasNews(in: two, since: VectorToken(minimum: 5)) == false)
    #expect(recent.hasNews(in: two, since: VectorToken(minimum: 4)) == nil)
  }

  @Test func theOldestAreLetGo() throws {
    var recent = RecentRooms(limit: 10)
    for number in 1...10 { recent.note(try room(number), position(1, Int64(number))) }
    // A newer event keeps a room.
    recent.note(try room(1), position(1, 11))
    #expect(recent.count == 10)
    recent.note(try room(11), position(1, 12))
    #expect(recent.count == 8)
    #expect(recent.horizon.position(of: WriterID(raw: 1)) == 4)
    let early = VectorToken(minimum: 3)
    #expect(recent.hasNews(in: try room(1), since: early) == true)
    #expect(recent.hasNews(in: try room(4), since: early) == nil)
    #expect(recent.hasNews(in: try room(4), since: VectorToken(minimum: 4)) == false)
    #expect(recent.hasNews(in: try room(5), since: early) == true)
  }

  /// Whatever is let go, an answer that is given is the right one.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func answersAreThoseOfAnEndlessMemory(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    var recent = RecentRooms(limit: 8)
    let begin = VectorToken(minimum: 10)
    recent.begin(at: begin)
    var last: [Int: RecentRooms.Position] = [:]
    var (positions, known) = ([Int32: Int64](), 0)
    for ordering in 11...200 as ClosedRange<Int64> {
      let (number, writer) = (random.below(20), Int32(1 + random.below(3)))
      positions[writer] = ordering
      last[number] = position(writer, ordering)
      recent.note(try room(number), position(writer, ordering))
      #expect(recent.count <= recent.limit)
      let asked = random.below(20)
      var since = VectorToken(minimum: Int64(random.below(30)))
      for (writer, reached) in positions {
        since = since.advanced(WriterID(raw: writer), to: reached - Int64(random.below(30)))
      }
      let answer = recent.hasNews(in: try room(asked), since: since)
      guard let answer else { continue }
      known += 1
      let truth = last[asked].map { !since.covers($0.writer, $0.ordering) } ?? false
      #expect(answer == truth, "seed \(seed), ordering \(ordering)")
    }
    #expect(known > 20)
  }
}
