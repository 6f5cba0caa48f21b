import MatrixJSON
import Postgres

/// An index that is wanted. It is built while the table is in use, which takes longer than
/// otherwise; if that is broken off, what is left is dropped and the build begins anew.
package struct IndexBuild: Sendable {
  let name: String
  let table: String
  /// All that follows the table's name, such as `(created_at) WHERE created_at IS NOT NULL`.
  let definition: String

  package init(_ name: String, on table: String, _ definition: String) {
    self.name = name
    self.table = table
    self.definition = definition
  }

  /// As it stands in `pg_stat_activity` while it runs.
  var sql: String { "CREATE INDEX CONCURRENTLY \(name) ON \(table) \(definition)" }
  var removal: String { "DROP INDEX CONCURRENTLY IF EXISTS \(name)" }
}

/// What the database says of an index.
enum IndexState: Sendable, Equatable {
  case absent
  case ready
  /// Some session is at it, of this process or of one that is gone.
  case building
  /// A build was broken off.
  case broken
}

/// How far a build has come: its phase, and what that counts.
struct IndexProgress: Sendable, Equatable {
  let phase: String
  let done: Int64
  let total: Int64

  var json: JSON {
    ["phase": .string(phase), "done": .integer(done), "total": .integer(total)]
  }
}

/// The SQL that looks after the builds of indexes.
enum IndexStore {
  static func state(_ index: IndexBuild, on database: any Querying) async throws -> IndexState {
    let rows = try await database.query(select, [.text(index.name), .text(index.sql)])
    if rows.bool(0, 1) == true { return .building }
    return switch rows.bool(0, 0) {
    case nil: .absent
    case true?: .ready
    case false?: .broken
    }
  }

  static func progress(
    _ index: IndexBuild, on database: any Querying
  ) async throws -> IndexProgress? {
    let rows = try await database.query(selectProgress, [.text(index.sql)])
    guard let phase = rows.text(0, 0) else { return nil }
    return IndexProgress(phase: phase, done: rows.int(0, 1) ?? 0, total: rows.int(0, 2) ?? 0)
  }

  /// Ends the build, wherever it was begun.
  static func breakOff(_ index: IndexBuild, on database: any Querying) async throws {
    _ = try await database.query(cancel, [.text(index.sql)])
  }

  private static let select = Statement(
    "index_build_state",
    """
    SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)),
      EXISTS (SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND query = $2)
    """)

  /// Blocks while the table is read, tuples while the index is filled, lockers while it waits for
  /// transactions that are older.
  private static let selectProgress = Statement(
    "index_build_progress",
    """
    SELECT p.phase, greatest(p.blocks_done, p.tuples_done, p.lockers_done),
      greatest(p.blocks_total, p.tuples_total, p.lockers_total)
    FROM pg_stat_progress_create_index p JOIN pg_stat_activity a USING (pid)
    WHERE a.datname = current_database() AND a.query = $1
    """)

  private static let cancel = Statement(
    "index_build_cancel",
    """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query = $1
    """, repeatable: false)
}
