import MatrixJSON

/// What others can still claim of a device.
package struct DeviceKeyCounts: Sendable, Equatable {
  /// Told even when there are none, as clients take a missing number for no answer.
  private static let usual = "signed_curve25519"

  /// By algorithm.
  package var oneTimeKeys: [String: Int64] = [usual: 0]
  /// Algorithms with a fallback key that nobody has used.
  package var unusedFallbackTypes: [String] = []

  /// The answer to an upload.
  var answer: [UInt8] {
    JSON.object(["one_time_key_counts": .object(oneTimeKeys.mapValues { .integer($0) })]).bytes
  }
}
