package import MatrixIdentifiers

/// A device as messages are addressed to it. Device ids are the same only when their bytes are.
package struct DeviceAddress: Hashable, Sendable {
  package let userID: UserID
  package let deviceID: String

  package init(userID: UserID, deviceID: String) {
    self.userID = userID
    self.deviceID = deviceID
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.userID == right.userID && sameBytes(left.deviceID, right.deviceID)
  }
}
