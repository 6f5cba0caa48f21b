import MatrixIdentifiers
import Postgres
import Streams
import TestKit
import Testing

@testable import DeviceMessages

@Suite struct DeviceInboxesTests {
  private func withDevices(
    _ body: @Sendable (World, _ ann: DeviceAddress, _ ben: DeviceAddress) async throws -> Void
  ) async throws {
    try await withWorld { world in
      try await body(
        world, try await world.makeDevice("ann", "A"), try await world.makeDevice("ben", "B"))
    }
  }

  @Test func messagesAreToldUntilTheyAreAcknowledged() async throws {
    try await withDevices { world, ann, ben in
      let before = world.first.reader.current
      try await world.send(1, from: ann, to: ben)
      try await world.settled()
      for since in [nil, before] {
        #expect(try await world.first.waiting(for: ben, since: since) == [event(1, from: ann)])
      }
      let token = world.first.reader.current
      try await world.first.inboxes.acknowledge(ben, upTo: token)
      // Also for those who ask again with an older token, or with none, on any worker.
      for process in [world.first, world.second] {
        for since in [nil, before, token] {
          #expect(try await process.waiting(for: ben, since: since) == [])
        }
      }
    }
  }

  @Test func acknowledgingLeavesWhatCameLater() async throws {
    try await withDevices { world, ann, ben in
      try await world.send(1, from: ann, to: ben)
      try await world.settled()
      let token = world.first.reader.current
      try await world.send(2, from: ann, to: ben)
      try await world.settled()
      try await world.first.inboxes.acknowledge(ben, upTo: token)
      for since in [nil, token] {
        #expect(try await world.second.waiting(for: ben, since: since) == [event(2, from: ann)])
      }
    }
  }

  @Test func manyMessagesAreToldInPages() async throws {
    try await withDevices { world, ann, ben in
      let dan = try await world.makeDevice("dan", "D")
      // Of senders that belong to different writers.
      for number in 0..<14 {
        try await world.send(number, from: number % 2 == 0 ? ann : dan, to: ben)
      }
      try await world.settled()
      let now = world.first.reader.current
      var (since, told): (VectorToken?, [String]) = (nil, [])
      var sizes: [Int] = []
      while true {
        let page = try await world.first.inboxes.page(for: ben, since: since, upTo: now, limit: 5)
        told += page.texts
        sizes.append(page.events.count)
        guard let reached = page.reached else { break }
        #expect(reached.isCovered(by: now) && reached != now)
        try await world.first.inboxes.acknowledge(ben, upTo: reached)
        since = reached
      }
      #expect(sizes == [5, 5, 4])
      #expect(told == (0..<14).map { event($0, from: $0 % 2 == 0 ? ann : dan) })
      #expect(try await world.count("device_messages") == 4)
    }
  }

  /// The token of a page is nowhere behind the one that was asked with.
  @Test func aPageNeverGoesBack() async throws {
    try await withDevices { world, ann, ben in
      for number in 0..<4 { try await world.send(number, from: ann, to: ben) }
      try await world.settled()
      let now = world.first.reader.current
      let other = WriterID(raw: 99)
      let far = now.maximum + 10
      let since = VectorToken(minimum: 0, positions: [other: far])
      let page = try await world.first.inboxes.page(
        for: ben, since: since, upTo: now.advanced(other, to: far + 1), limit: 2)
      #expect(page.texts == [0, 1].map { event($0, from: ann) })
      let reached = try #require(page.reached)
      #expect(since.isCovered(by: reached) && reached.position(of: other) == far)
      let rest = try await world.first.inboxes.page(for: ben, since: reached, upTo: now)
      #expect(rest.texts == [2, 3].map { event($0, from: ann) })
    }
  }

  /// What a writer has published up to the token is all that an answer may tell, or acknowledge.
  @Test func eachWriterHasAPositionOfItsOwn() async throws {
    try await withDevices { world, ann, ben in
      let dan = try await world.makeDevice("dan", "D")
      let shards = try #require(ShardMap(writers: ["first", "second"]))
      #expect(shards.writer(of: ann.userID.text) != shards.writer(of: dan.userID.text))
      try await world.send(1, from: ann, to: ben)
      try await world.send(2, from: dan, to: ben)
      try await world.send(3, from: ann, to: ben)
      try await world.settled()
      let rows = try await world.database.query(
        Statement("test_rows", "SELECT stream_id, writer FROM device_messages ORDER BY stream_id"))
      let writer = WriterID(raw: Int32(try #require(rows.int(2, 1))))
      // Of the third message's writer all is known, of the other one nothing.
      let token = VectorToken(minimum: 0, positions: [writer: try #require(rows.int(2, 0))])
      let page = try await world.first.inboxes.page(for: ben, since: nil, upTo: token)
      #expect(page.texts == [1, 3].map { event($0, from: ann) })
      try await world.first.inboxes.acknowledge(ben, upTo: token)
      #expect(try await world.first.waiting(for: ben) == [event(2, from: dan)])
      #expect(try await world.first.waiting(for: ben, since: token) == [event(2, from: dan)])
    }
  }

  @Test func whoHasNoMessagesCostsNoStatement() async throws {
    try await withDevices { world, ann, ben in
      let cid = try await world.makeDevice("cid", "C")
      let process = world.first
      try await world.settled()
      let first = process.reader.current
      // The first time it is not known what a device has left lying.
      let start = try await process.database.statements {
        try await process.inboxes.acknowledge(ben, upTo: first)
      }
      #expect(start == 1)
      for number in 0..<3 { try await world.send(number, from: ann, to: cid) }
      try await world.settled()
      let quiet = try await process.database.statements {
        for _ in 0..<5 {
          try await process.inboxes.acknowledge(ben, upTo: process.reader.current)
          #expect(try await process.waiting(for: ben, since: first) == [])
        }
      }
      #expect(quiet == 0)
      // One statement to read a message, and one to remove it.
      try await world.send(9, from: ann, to: ben)
      try await world.settled()
      let busy = try await process.database.statements {
        #expect(try await process.waiting(for: ben, since: first) == [event(9, from: ann)])
        let token = process.reader.current
        for _ in 0..<3 {
          try await process.inboxes.acknowledge(ben, upTo: token)
          #expect(try await process.waiting(for: ben, since: token) == [])
        }
      }
      #expect(busy == 2)
    }
  }

  /// A worker that missed the rows, or was not there yet, reads them.
  @Test func aWorkerThatComesLaterKnowsNothingAndAsks() async throws {
    try await withDevices { world, ann, ben in
      let before = world.first.reader.current
      try await world.send(1, from: ann, to: ben)
      try await world.settled()
      let definition = DeviceMessageStore(database: world.database).streamDefinition()
      var found: [DeviceMessageRow] = []
      for writer in 1...3 {
        found += try await definition.fetch(WriterID(raw: Int32(writer)), 0, 100, 10).map(\.row)
      }
      #expect(found == [DeviceMessageRow(devices: [ben])])
      #expect(before.isCovered(by: world.second.reader.current))
    }
  }
}
