import DequeModule
import Streams

/// Up to where devices' inboxes are known to be empty, so that a device that acknowledges nothing
/// costs no query. Bounded: those that were noted first are forgotten.
struct EmptiedInboxes: Sendable {
  private let limit: Int
  private var tokens: [DeviceAddress: VectorToken] = [:]
  private var order: Deque<DeviceAddress> = []

  /// - Parameter limit: devices kept.
  init(limit: Int) {
    self.limit = limit
  }

  subscript(device: DeviceAddress) -> VectorToken? {
    tokens[device]
  }

  mutating func note(_ device: DeviceAddress, upTo token: VectorToken) {
    if let known = tokens.updateValue(token, forKey: device) {
      // Emptied further already, by a request that was quicker.
      if token.isCovered(by: known) { tokens[device] = known }
      return
    }
    order.append(device)
    if order.count > limit, let oldest = order.popFirst() { tokens[oldest] = nil }
  }
}
