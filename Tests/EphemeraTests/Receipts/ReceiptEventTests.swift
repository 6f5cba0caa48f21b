import MatrixIdentifiers
import MatrixJSON
import Testing

@testable import Ephemera

/// One event of /sync for all receipts of a room.
struct ReceiptEventTests {
  private func receipt(
    _ user: String, _ event: String, thread: String? = nil, at time: Int64,
    _ type: ReceiptType = .read
  ) throws -> Receipt {
    Receipt(
      roomID: try #require(RoomID("!r:x")), type: type, userID: try #require(UserID(user)),
      threadID: thread, eventID: try #require(EventID(event)), timestamp: time)
  }

  private func content(_ receipts: [Receipt]) throws -> JSONView {
    let event = try JSONDocument(ReceiptEvent.bytes(receipts)).root
    #expect(event["type"]?.string == "m.receipt")
    return try #require(event["content"])
  }

  @Test func theyAreGroupedByEventAndType() throws {
    let content = try content([
      receipt("@a:x", "$1", at: 1), receipt("@b:x", "$1", at: 2),
      receipt("@a:x", "$2", at: 3, .readPrivate),
    ])
    #expect(content["$1"]?["m.read"]?["@a:x"]?["ts"]?.integer == 1)
    #expect(content["$1"]?["m.read"]?["@b:x"]?["ts"]?.integer == 2)
    #expect(content["$2"]?["m.read.private"]?["@a:x"]?["ts"]?.integer == 3)
  }

  @Test(arguments: [[nil, "main", "$t"], ["main", "$t", nil], ["$t", nil, "main"]])
  func whatCountsForAllThreadsIsToldBeforeWhatCountsForOne(threads: [String?]) throws {
    let receipts = try threads.enumerated().map { index, thread in
      try receipt("@a:x", "$1", thread: thread, at: Int64(index))
    }
    let told = try #require(try content(receipts)["$1"]?["m.read"]?["@a:x"])
    #expect(told["thread_id"] == nil)
    #expect(told["ts"]?.integer == receipts.first { $0.threadID == nil }?.timestamp)
  }
}
