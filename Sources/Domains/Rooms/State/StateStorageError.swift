/// The stored states of a room are not what they must be.
package enum StateStorageError: Error, Sendable, Equatable {
  case missingLayer(Int64)
  case damagedLayer(Int64)
  case missingSnapshot(Int64)
  /// More layers were made than numbers were drawn for.
  case noNumbers
}
