extension Query {
  /// At the head of a batch: its commit does not wait for the disk. For what may be lost with the
  /// last moments before a crash of the server, as when its absence is noticed and made good.
  package static let relaxedCommit = Query(
    Statement("relaxed_commit", "SELECT set_config('synchronous_commit', 'off', true)"))
}
