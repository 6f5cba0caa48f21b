extension Query {
  /// Goes before a transaction's statements of which each is to look at little, however big the
  /// table. Their plans are kept, and some are made while the table is small: to read all of it
  /// would soon cost a hundred times as much.
  package static let plansByIndex = Query(
    Statement("plans_by_index", "SELECT set_config('enable_seqscan', 'off', true)"))
}
