import Postgres

/// The replication streams. Adding one takes four edits:
/// 1. a case here;
/// 2. its sequence in `sequence` below (the compiler asks for it);
/// 3. a migration that creates the sequence and the stream's table;
/// 4. its `StreamDefinition`, given to the hub where the process is composed.
///
/// Tokens, leases, messages, polling and heartbeats then work for it by its name.
package enum StreamName: String, CaseIterable, Sendable {
  case events

  /// The sequence that all writers of the stream draw positions from.
  var sequence: String {
    switch self {
    case .events: "events_stream_seq"
    }
  }
}
