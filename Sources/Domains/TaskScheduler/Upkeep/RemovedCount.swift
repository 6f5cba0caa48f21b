package import MatrixJSON
package import Postgres

/// What a task that removes rows in batches has done so far.
package struct RemovedCount: TaskPayload, Equatable {
  package let removed: Int64

  package init(_ removed: Int64) {
    self.removed = removed
  }

  package init(_ json: JSONView) {
    removed = json["removed"]?.integer ?? 0
  }

  package var json: JSON { ["removed": .integer(removed)] }
}

extension TaskRun where Progress == RemovedCount {
  /// Removes one batch a transaction until one is not full.
  /// - Parameter delete: the number of rows that it removed.
  package func removeInBatches(
    of size: Int64, _ delete: @Sendable (Transaction) async throws -> Int
  ) async throws -> TaskOutcome<RemovedCount> {
    var removed: Int64 = 0
    while true {
      let (before, began) = (removed, ContinuousClock.now)
      removed = try await step { transaction in
        RemovedCount(before + Int64(try await delete(transaction)))
      }.removed
      if removed - before < size { return .complete(RemovedCount(removed)) }
      try await Task.sleep(for: StepPace.rest(after: ContinuousClock.now - began))
    }
  }
}
