import DeviceMessages
import MatrixIdentifiers
import MatrixJSON
import Postgres
import Streams
import TestKit
import Testing

@testable import Sync

struct ToDeviceProviderTests {
  private static let addUser = Statement(
    "test_user", "INSERT INTO users (user_id, created_at) VALUES ($1, 0)")
  private static let addDevices = Statement(
    "test_devices",
    """
    INSERT INTO devices (user_id, device_id, created_at)
    SELECT $1, device, 0 FROM unnest($2::text[]) AS device
    """)

  /// The world with Alice and Bob, who have the devices D and E each.
  private func withDevices(
    _ body: @Sendable (ProviderWorld, ToDeviceProvider) async throws -> Void
  ) async throws {
    try await withProviderWorld { world in
      for user in [World.alice, World.bob] {
        _ = try await world.database.query(Self.addUser, [.text(user)])
        _ = try await world.database.query(Self.addDevices, [.text(user), .texts(["D", "E"])])
      }
      try await body(world, provider(world))
    }
  }

  private func provider(_ world: ProviderWorld) -> ToDeviceProvider {
    ToDeviceProvider(
      reader: world.toDevice.reader,
      inboxes: DeviceInboxes(
        reader: world.toDevice.reader, store: DeviceMessageStore(database: world.database)),
      waker: world.waker)
  }

  /// Bob's device D sends a number; without a device it is for all.
  private func send(
    _ number: Int, to user: String = World.alice, _ device: String? = "D",
    in world: ProviderWorld
  ) async throws {
    let send = SendToDevice(
      owner: world.owner, serverName: try present(ServerName(World.server), "server name"))
    try await send(
      DeviceMessageTransaction(
        sender: try present(UserID(World.bob), "user id"), deviceID: "D", type: "m.test",
        id: "t\(number)",
        messages: [
          DeviceMessage(
            to: try present(UserID(user), "user id"), deviceID: device,
            content: Array("{\"n\":\(number)}".utf8))
        ]))
  }

  private func numbers(_ news: SyncNews) throws -> [Int64] {
    try news.toDevice.map { try JSONDocument($0).root["content"]?["n"]?.integer ?? -1 }
  }

  /// A request of a device with a token, as the engine makes it: the token is acknowledged first.
  private func ask(
    _ provider: ToDeviceProvider, _ device: String? = "D", since: VectorToken?
  ) async throws -> (numbers: [Int64], next: VectorToken) {
    let now = provider.current
    let question = try ProviderQuestion().request(since: since, now: now)
    var sync = question.sync
    sync.deviceID = device
    if let since { try await provider.acknowledge(sync, since: since) }
    let news = try await provider.news(
      for: ProviderRequest(
        sync: sync, since: since, now: now, eventsSince: question.eventsSince,
        eventsNow: question.eventsNow, rooms: question.rooms, entered: question.entered))
    return (try numbers(news), news.reached ?? now)
  }

  @Test func messagesAreToldAgainUntilTheirTokenComesBack() async throws {
    try await withDevices { world, provider in
      let start = provider.current
      try await send(1, in: world)
      try await send(2, in: world)
      var next = start
      for since in [nil, start, nil, start] {
        let answer = try await ask(provider, since: since)
        #expect(answer.numbers == [1, 2])
        next = answer.next
      }
      for since in [next, nil, start] {
        #expect(try await ask(provider, since: since).numbers == [])
      }
    }
  }

  @Test func onlyTheDeviceThatAsksIsMeant() async throws {
    try await withDevices { world, provider in
      let start = provider.current
      try await send(1, "E", in: world)
      try await send(2, to: World.bob, nil, in: world)
      for device in ["D", nil] {
        for since in [start, nil] {
          #expect(try await ask(provider, device, since: since).numbers == [])
        }
      }
      #expect(try await ask(provider, "E", since: start).numbers == [1])
    }
  }

  @Test func aLongQueueIsToldInPages() async throws {
    try await withDevices { world, provider in
      let start = provider.current
      let all = (0..<250).map(Int64.init)
      for number in all { try await send(Int(number), in: world) }
      // With a token, without one, and on a worker that remembers nothing.
      let first = [
        try await ask(provider, since: start), try await ask(provider, since: nil),
        try await ask(self.provider(world), since: start),
      ]
      for answer in first {
        #expect(answer.numbers == Array(all[..<100]))
        #expect(answer.next == first[0].next)
      }
      let second = try await ask(provider, since: first[0].next)
      let third = try await ask(provider, since: second.next)
      #expect(second.numbers == Array(all[100..<200]) && third.numbers == Array(all[200...]))
      #expect(try await ask(provider, since: third.next).numbers == [])
    }
  }

  @Test func onlyTheUsersConcernedAreWoken() async throws {
    try await withDevices { world, provider in
      let waiting = try [World.alice, World.bob, World.carol].map {
        Waiting(world.waker.memory, try present(UserID($0), "user id"))
      }
      try await send(1, nil, in: world)
      #expect(waiting.map(\.isResolved) == [true, false, false])
      #expect(try await ask(provider, since: nil).numbers == [1])
    }
  }

  /// A client that loses answers and changes workers, with messages coming meanwhile: it gets each
  /// once, in order.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func everyMessageIsToldOnceToAClientThatGoesOn(_ seed: UInt64) async throws {
    try await withDevices { world, provider in
      var random = SeededRandom(seed)
      var workers = [provider, self.provider(world)]
      var (sent, told): ([Int64], [Int64]) = ([], [])
      var since: VectorToken?
      for _ in 0..<80 {
        for _ in 0..<random.below(random.chance(5) ? 150 : 4) {
          sent.append(Int64(sent.count))
          try await send(sent.count - 1, in: world)
        }
        if random.chance(10) { workers[random.below(2)] = self.provider(world) }
        let answer = try await ask(random.pick(workers), since: since)
        let isLost = random.chance(30)
        guard !isLost else { continue }
        told += answer.numbers
        since = answer.next
      }
      while told.count < sent.count {
        let answer = try await ask(random.pick(workers), since: since)
        guard !answer.numbers.isEmpty else { break }
        told += answer.numbers
        since = answer.next
      }
      #expect(told == sent)
      #expect(try await ask(provider, since: since).numbers == [])
      #expect(try await ask(provider, since: nil).numbers == [])
    }
  }
}
