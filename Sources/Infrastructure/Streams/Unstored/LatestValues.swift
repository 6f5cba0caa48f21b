package import Executors
import Logging
import MatrixJSON
import Synchronization

/// A stream that is never stored, in one process: what its one writer says, and in the writer
/// itself the way to say it. Nothing of it outlives the writer's process.
package final class LatestValues: Sendable {
  package typealias Handler = @Sendable (_ keys: [String]) -> Void

  private struct State {
    var machine = LatestValuesMachine()
    var handlers: [Handler] = []
    var waiting: [(position: Int64, waiter: Waiter<Bool>)] = []
  }

  static let snapshotAction = "snapshot"
  /// Keys of one message.
  private static let messageLimit = 500
  /// How often the writer says where it is, so that a lost message is noticed.
  private static let heartbeat = Duration.seconds(5)
  /// How long a token of another worker is waited for; what is told here is not worth more.
  private static let patience = Duration.seconds(2)

  package let name: StreamName
  private let writer: WriterID?
  private let bus: any ReplicationBus
  private let owner: any StreamOwner
  private let clock: any WallClock
  private let state = Mutex(State())
  private let isBehind = Wakeup()

  /// - Parameter writer: this process's number, when it is the stream's writer.
  package init(
    _ name: StreamName, writer: WriterID?, bus: any ReplicationBus, owner: any StreamOwner,
    clock: any WallClock
  ) {
    self.name = name
    self.writer = writer
    self.bus = bus
    self.owner = owner
    self.clock = clock
    bus.subscribe { [weak self] in self?.handle($0) }
  }

  package var position: Int64 {
    state.withLock { $0.machine.position }
  }

  package func value(of key: String) -> [UInt8]? {
    state.withLock { $0.machine.value(of: key) }
  }

  /// All keys with their values, and some that have none any more.
  package var entries: [String: LatestValuesMachine.Entry] {
    state.withLock { $0.machine.all }
  }

  package func changes(
    since: Int64, upTo now: Int64
  ) -> [(key: String, entry: LatestValuesMachine.Entry)] {
    state.withLock { $0.machine.changes(since: since, upTo: now) }
  }

  /// `handler` is called with the keys whose value changed, after the position has moved.
  package func onChange(_ handler: @escaping Handler) {
    state.withLock { $0.handlers.append(handler) }
  }

  /// Gives a key another value, or none. In the writer only.
  package func set(_ key: String, to value: [UInt8]?) {
    set([(key, value)])
  }

  /// Gives keys other values, or none. In the writer only.
  /// - Parameter evenIfEqual: tells of values again that are as before.
  package func set(_ values: [(key: String, value: [UInt8]?)], evenIfEqual: Bool = false) {
    var rest = values[...]
    while !rest.isEmpty {
      setAtOnce(rest.prefix(Self.messageLimit), evenIfEqual: evenIfEqual)
      rest = rest.dropFirst(Self.messageLimit)
    }
  }

  private func setAtOnce(
    _ values: ArraySlice<(key: String, value: [UInt8]?)>, evenIfEqual: Bool
  ) {
    guard let writer else { return }
    let (message, keys): (ReplicationMessage?, [String]) = state.withLock { state in
      let news = values.filter { evenIfEqual || state.machine.value(of: $0.key) != $0.value }
      guard !news.isEmpty else { return (nil, []) }
      let previous = state.machine.position
      let position = max(previous + 1, clock.now())
      let entries = news.map { news in
        (news.key, LatestValuesMachine.Entry(position: position, value: news.value))
      }
      _ = state.machine.received(entries, previous: previous, position: position)
      let rows = Self.encoded(Dictionary(entries) { $1 })
      return (
        .rows(stream: name, writer: writer, previous: previous, position: position, rows: rows),
        news.map(\.key)
      )
    }
    guard let message else { return }
    bus.publish(message)
    changed(keys)
  }

  /// Whether this process knows of everything up to `position`, at once or very soon.
  package func waitUntil(covers position: Int64) async -> Bool {
    let waiter = Waiter<Bool>()
    let isCovered = state.withLock { state in
      guard state.machine.position < position else { return true }
      state.waiting.append((position, waiter))
      return false
    }
    guard !isCovered else { return true }
    isBehind.raise()
    let reached = await waiter.value(within: Self.patience, otherwise: false)
    if !reached { state.withLock { $0.waiting.removeAll { $0.waiter === waiter } } }
    return reached
  }

  /// Answers those who missed something. For the writer.
  package func register(in local: LocalOwner) {
    local.register(name, Self.snapshotAction) { [weak self] _ throws(OwnerError) in
      guard let self else { throw .unavailable(reason: "the worker is stopping") }
      let (all, position) = self.state.withLock { ($0.machine.all, $0.machine.position) }
      return Self.encoded(all, position: position)
    }
  }

  /// Keeps in step with the writer until the task is cancelled.
  package func run() async {
    if writer != nil {
      await announceRepeatedly()
    } else {
      await catchUpRepeatedly()
    }
  }

  private func announceRepeatedly() async {
    // A position of its own tells everybody that an earlier process's values are gone.
    state.withLock { state in
      _ = state.machine.received(
        [], previous: 0, position: max(state.machine.position, clock.now()))
    }
    while !Task.isCancelled {
      announce()
      try? await Task.sleep(for: Self.heartbeat)
    }
  }

  private func announce() {
    guard let writer else { return }
    let position = position
    bus.publish(
      .position(stream: name, writer: writer, previous: position, position: position))
  }

  private func catchUpRepeatedly() async {
    isBehind.raise()
    while !Task.isCancelled {
      await isBehind.wait(atMost: .seconds(3600))
      guard !Task.isCancelled else { return }
      let call = OwnerCall(stream: name, action: Self.snapshotAction, key: "", body: Self.empty)
      guard let answer = try? await owner.call(call) else { continue }
      take(answer)
    }
  }

  private static let empty = Array("{}".utf8)

  private func take(_ snapshot: [UInt8]) {
    guard let root = try? JSONDocument(snapshot).root, let position = root["position"]?.integer,
      let rows = root["rows"]
    else { return }
    let entries = Dictionary(Self.decoded(rows), uniquingKeysWith: { $1 })
    changed(state.withLock { $0.machine.replaced(by: entries, position: position) })
  }

  private func handle(_ event: BusEvent) {
    switch event {
    case .message(.replicate):
      announce()
    case .message(.rows(name, _, let previous, let position, let bytes)):
      guard writer == nil, let rows = try? JSONDocument(bytes).root else { return }
      let changes = Self.decoded(rows)
      let isInStep = state.withLock {
        $0.machine.received(changes, previous: previous, position: position)
      }
      if isInStep { changed(changes.map(\.key)) } else { isBehind.raise() }
    case .message(.position(name, _, _, let position)):
      if writer == nil, position > self.position { isBehind.raise() }
    case .message, .connected, .disconnected:
      break
    }
  }

  private func changed(_ keys: [String]) {
    let (handlers, reached) = state.withLock { state in
      let position = state.machine.position
      let reached = state.waiting.filter { $0.position <= position }.map(\.waiter)
      state.waiting.removeAll { $0.position <= position }
      return (state.handlers, reached)
    }
    for waiter in reached { waiter.resolve(true) }
    guard !keys.isEmpty else { return }
    for handler in handlers { handler(keys) }
  }
}

// Entries as JSON: `[[key, position, value], ...]`.
extension LatestValues {
  static func encoded(_ entries: [String: LatestValuesMachine.Entry]) -> [UInt8] {
    var writer = JSONWriter()
    write(entries, to: &writer)
    return writer.bytes
  }

  static func encoded(
    _ entries: [String: LatestValuesMachine.Entry], position: Int64
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("position")
    writer.integer(position)
    writer.key("rows")
    write(entries, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  static func decoded(_ rows: JSONView) -> [(key: String, entry: LatestValuesMachine.Entry)] {
    rows.elements.compactMap { row in
      guard let key = row[0]?.string, let position = row[1]?.integer, let value = row[2] else {
        return nil
      }
      return (
        key,
        LatestValuesMachine.Entry(
          position: position, value: value.isNull ? nil : Array(value.rawBytes))
      )
    }
  }

  private static func write(
    _ entries: [String: LatestValuesMachine.Entry], to writer: inout JSONWriter
  ) {
    writer.beginArray()
    for (key, entry) in entries {
      writer.beginArray()
      writer.string(key)
      writer.integer(entry.position)
      if let value = entry.value { writer.raw(value) } else { writer.null() }
      writer.endArray()
    }
    writer.endArray()
  }
}
