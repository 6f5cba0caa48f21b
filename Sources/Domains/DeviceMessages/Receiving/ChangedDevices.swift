import DequeModule
import MatrixIdentifiers
import Streams

/// Up to where messages came for each device, as far as this worker has seen it; so that it is
/// known without a query that a device has none. Bounded: what is forgotten raises the floor.
struct ChangedDevices: Sendable {
  private struct Change {
    let writer: WriterID
    let position: Int64
    let device: DeviceAddress
  }

  private let limit: Int
  /// Messages up to here may have gone unnoticed.
  private var floor: VectorToken
  private var newest: [DeviceAddress: VectorToken] = [:]
  private var order: Deque<Change> = []

  /// - Parameter limit: changes kept.
  init(start: VectorToken, limit: Int) {
    floor = start
    self.limit = limit
  }

  mutating func add(_ batch: StreamBatch<DeviceMessageRow>) {
    for row in batch.rows {
      for device in row.row.devices {
        newest[device] = (newest[device] ?? VectorToken(minimum: 0)).advanced(
          batch.writer, to: row.position)
        order.append(Change(writer: batch.writer, position: row.position, device: device))
      }
    }
    while order.count > limit { forgetOldest() }
  }

  /// False only when certainly none came for the device after `since`.
  func mayHaveMessages(_ device: DeviceAddress, since: VectorToken) -> Bool {
    guard floor.isCovered(by: since) else { return true }
    return newest[device].map { !$0.isCovered(by: since) } ?? false
  }

  private mutating func forgetOldest() {
    guard let oldest = order.popFirst() else { return }
    floor = floor.advanced(oldest.writer, to: oldest.position)
    if let token = newest[oldest.device], token.isCovered(by: floor) {
      newest[oldest.device] = nil
    }
  }
}
