import MatrixIdentifiers
package import Streams
import Synchronization

/// What waits for devices, for /sync. A worker remembers for whom messages came; the messages are
/// read when their device asks, as only the database knows what it has acknowledged through other
/// workers.
package final class DeviceInboxes: Sendable {
  /// Messages of one answer.
  package static let pageLimit = 100
  /// Messages and devices that are remembered; neither is large.
  private static let memoryLimit = 50_000

  private struct State {
    var changed: ChangedDevices
    var emptied = EmptiedInboxes(limit: memoryLimit)
  }

  /// What one answer tells.
  package struct Page: Sendable, Equatable {
    /// In the order of the stream.
    package var events: [[UInt8]] = []
    /// Up to where that is all; nil when it is so up to what was asked for.
    package var reached: VectorToken?
  }

  private let store: DeviceMessageStore
  private let state: Mutex<State>

  package init(reader: StreamReader<DeviceMessageRow>, store: DeviceMessageStore) {
    self.store = store
    state = Mutex(
      State(changed: ChangedDevices(start: reader.current, limit: Self.memoryLimit)))
    reader.onInvalidate { [weak self] batch in
      self?.state.withLock { $0.changed.add(batch) }
    }
  }

  /// The first messages for a device in `(since, now]`; everything that waits when `since` is nil.
  package func page(
    for device: DeviceAddress, since: VectorToken?, upTo now: VectorToken,
    limit: Int = DeviceInboxes.pageLimit
  ) async throws -> Page {
    if let since {
      let mayHaveMessages = state.withLock {
        $0.changed.mayHaveMessages(device, since: since)
      }
      guard mayHaveMessages else { return Page() }
    }
    let start = since ?? VectorToken(minimum: 0)
    let waiting = try await store.waiting(for: device, since: start, upTo: now, limit: limit)
    guard waiting.count >= limit, let last = waiting.last else {
      return Page(events: waiting.map(\.event))
    }
    return Page(events: waiting.map(\.event), reached: now.limited(to: last.position).union(start))
  }

  /// The device has everything up to the token, which this worker's reader has reached: it is
  /// removed, and told no more.
  package func acknowledge(_ device: DeviceAddress, upTo token: VectorToken) async throws {
    let isEmpty = state.withLock { state in
      guard let emptied = state.emptied[device] else { return false }
      return !state.changed.mayHaveMessages(device, since: emptied)
    }
    if !isEmpty { try await store.delete(for: device, upTo: token) }
    state.withLock { $0.emptied.note(device, upTo: token) }
  }
}
