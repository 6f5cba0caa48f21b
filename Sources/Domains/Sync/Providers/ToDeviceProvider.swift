package import DeviceMessages
import MatrixIdentifiers
import Rooms
package import Streams

/// Tells devices what others have sent them, until they ask with the token that came with it.
/// spec: client-server-api#send-to-device-messaging
package struct ToDeviceProvider: SyncProvider {
  private let reader: StreamReader<DeviceMessageRow>
  private let inboxes: DeviceInboxes

  package init(
    reader: StreamReader<DeviceMessageRow>, inboxes: DeviceInboxes, waker: SyncWaker
  ) {
    self.reader = reader
    self.inboxes = inboxes
    reader.onWake { batch in
      waker.wake(
        users: batch.rows.reduce(into: Set()) { $0.formUnion($1.row.devices.lazy.map(\.userID)) })
    }
  }

  package var stream: StreamName { .toDevice }
  package var current: VectorToken { reader.current }

  package func waitUntil(covers token: VectorToken, timeout: Duration) async -> Bool {
    await reader.waitUntil(covers: token, timeout: timeout)
  }

  package func news(for request: ProviderRequest) async throws -> SyncNews {
    var news = SyncNews()
    guard !request.isUpToDate, let device = request.sync.device else { return news }
    let page = try await inboxes.page(for: device, since: request.since, upTo: request.now)
    news.toDevice = page.events
    news.reached = page.reached
    return news
  }

  package func acknowledge(_ request: SyncRequest, since: VectorToken) async throws {
    guard let device = request.device else { return }
    try await inboxes.acknowledge(device, upTo: since)
  }
}

extension SyncRequest {
  fileprivate var device: DeviceAddress? {
    deviceID.map { DeviceAddress(userID: userID, deviceID: $0) }
  }
}
