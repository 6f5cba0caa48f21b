/// The stretches of a room's events whose totals count for a user: all, except where the user's
/// counts did not follow the room's.
struct UnreadSpans: Sendable, Equatable {
  /// The totals of `(start, end]` are the totals at `end` less those at `start`.
  struct Span: Sendable, Equatable {
    let start: Int64
    let end: Int64
  }

  private(set) var spans: [Span] = []
  /// Whether the counts follow at the end.
  private(set) var follows = true

  /// - Parameters:
  ///   - turns: where following began or ended, in order; each holds for the event at its place.
  ///   - start: up to where the user has read.
  ///   - end: up to where events are counted.
  init(turns: [(ordering: Int64, follows: Bool)], after start: Int64, upTo end: Int64) {
    var begin: Int64? = start
    for turn in turns where turn.ordering <= end {
      follows = turn.follows
      if turn.ordering <= start {
        begin = follows ? start : nil
      } else if follows {
        begin = begin ?? turn.ordering - 1
      } else if let open = begin {
        add(open, turn.ordering - 1)
        begin = nil
      }
    }
    if let begin { add(begin, end) }
  }

  private mutating func add(_ start: Int64, _ end: Int64) {
    if start < end { spans.append(Span(start: start, end: end)) }
  }
}
