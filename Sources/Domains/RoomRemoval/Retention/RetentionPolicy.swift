package import MatrixJSON

/// How long a server keeps what is said in its rooms; nil stands for ever.
package struct RetentionPolicy: Sendable, Equatable {
  /// The state event by which a room says how long.
  static let type = "m.room.retention"

  // Milliseconds.
  private let standard: Int64?
  private let shortest: Int64?
  private let longest: Int64?

  /// - Parameters:
  ///   - standard: for rooms that say nothing.
  ///   - shortest: the least that a room may ask for; `longest` the most.
  package init(standard: Duration?, shortest: Duration? = nil, longest: Duration? = nil) {
    func milliseconds(_ time: Duration) -> Int64 { Int64(time / .milliseconds(1)) }
    self.standard = standard.map(milliseconds)
    self.shortest = shortest.map(milliseconds)
    self.longest = longest.map(milliseconds)
  }

  /// - Parameter content: what the room says, if it does.
  package func lifetime(saidBy content: JSONView?) -> Int64? {
    let said = content?["max_lifetime"]?.integer.flatMap { $0 >= 0 ? $0 : nil }
    guard let wanted = said ?? standard else { return nil }
    return min(max(wanted, shortest ?? wanted), longest ?? max(wanted, shortest ?? wanted))
  }
}
