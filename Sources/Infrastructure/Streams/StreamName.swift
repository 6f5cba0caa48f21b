/// The replication streams, by Synapse's names. Adding one takes four edits:
/// 1. a case here;
/// 2. its sequence in `sequence` below (the compiler asks for it);
/// 3. a migration that creates the sequence and the stream's table;
/// 4. its `StreamDefinition`, given to the hub where the process is composed.
///
/// Tokens, leases, messages, polling and heartbeats then work for it by its name.
package enum StreamName: String, CaseIterable, Sendable {
  case events
  case accountData = "account_data"
  case receipts
  case toDevice = "to_device"
  case deviceLists = "device_lists"
  case pushRules = "push_rules"
  case typing
  case presence

  /// The sequence that all writers of the stream draw positions from; nil for what is kept in
  /// the memory of its one writer and never stored.
  var sequence: String? {
    switch self {
    case .events: "events_stream_seq"
    case .accountData: "account_data_stream_seq"
    case .receipts: "receipts_stream_seq"
    case .toDevice: "to_device_stream_seq"
    case .deviceLists: "device_lists_stream_seq"
    case .pushRules: "push_rules_stream_seq"
    case .typing, .presence: nil
    }
  }
}
