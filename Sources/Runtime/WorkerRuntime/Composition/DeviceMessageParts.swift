import ClientAPI
import DeviceMessages
import HTTPServing
import ServerConfig
import Streams
import Sync

/// What devices send each other, in one process that serves clients.
struct DeviceMessageParts {
  private let stream: OwnedStream<DeviceMessageRow>
  private let inboxes: DeviceInboxes
  private let send: SendToDevice
  private let authenticated: Authenticated

  init(_ platform: Platform, authenticated: Authenticated, streams: OwnedStreams) {
    self.authenticated = authenticated
    stream = streams.toDevice
    inboxes = DeviceInboxes(
      reader: streams.toDevice.reader, store: DeviceMessageStore(database: platform.database))
    send = SendToDevice(owner: streams.owners, serverName: platform.config.server.serverName)
  }

  func provider(_ waker: SyncWaker) -> any SyncProvider {
    ToDeviceProvider(reader: stream.reader, inboxes: inboxes, waker: waker)
  }

  var routes: [Route] {
    sendToDeviceRoutes(send, authenticated)
  }
}
