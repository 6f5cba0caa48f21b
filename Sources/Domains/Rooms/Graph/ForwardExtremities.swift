import MatrixIdentifiers

/// The ends of a room's graph: what the next event is to be built on.
enum ForwardExtremities {
  /// The ends that stay ends when an event builds on others.
  ///
  /// - Parameters:
  ///   - current: the ends with their numbers.
  ///   - behind: the numbers of what the event builds on and, where that counts for nothing, of
  ///     what is behind it: who builds on a rejected event builds on what that was built on.
  static func remaining(
    _ current: [EventID: Int64], behind: Set<Int64>
  ) -> [EventID: Int64] {
    current.filter { !behind.contains($0.value) }
  }
}
