/// How queries come from relations to events. What is looked up for each row by itself stays so:
/// with a limit it cannot become a look through the whole table, whatever the planner expects.
enum ChildEvent {
  /// The events `e` of the relations `r`.
  static let join = """
    CROSS JOIN LATERAL (
      SELECT * FROM events h WHERE h.stream_ordering = r.child LIMIT 1
    ) e
    """

  /// True or NULL: whether there is a relation.
  /// - Parameter condition: on a relation `r`.
  static func exists(_ condition: String) -> String {
    "(SELECT true FROM event_relations r WHERE \(condition) LIMIT 1)"
  }
}
