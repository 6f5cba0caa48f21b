package import MatrixJSON
package import Postgres

/// A change of stored data that is made while the server runs, a bit at a time. Until it is done
/// the server must work with the old form too.
package struct BackgroundUpdate: Sendable {
  /// What one batch is given.
  package struct Batch: Sendable {
    /// What the batch before returned; empty at first.
    package let progress: JSON
    /// How many items to look at, so that the batch takes about as long as is wanted.
    package let size: Int
  }

  /// What became of it.
  package struct Step: Sendable {
    package let progress: JSON
    /// How many items were looked at.
    package let items: Int
    package let isDone: Bool

    package init(progress: JSON, items: Int, isDone: Bool) {
      self.progress = progress
      self.items = items
      self.isDone = isDone
    }
  }

  package typealias Work = @Sendable (Batch, Transaction) async throws -> Step

  enum Kind: Sendable {
    case batches(Work)
    case index(IndexBuild)
  }

  /// For ever the same, and no other's.
  let name: String
  /// Names of updates that must be done before.
  let dependencies: [String]
  /// The table by whose size its work is estimated.
  let table: String
  let kind: Kind

  /// - Parameter work: one batch, in the transaction that stores its progress.
  package init(
    _ name: String, after dependencies: [String] = [], table: String, work: @escaping Work
  ) {
    self.name = name
    self.dependencies = dependencies
    self.table = table
    kind = .batches(work)
  }

  /// An index that is built while the table is in use.
  package init(_ index: IndexBuild, after dependencies: [String] = []) {
    name = "index/\(index.name)"
    self.dependencies = dependencies
    table = index.table
    kind = .index(index)
  }
}
