import BackgroundUpdates

/// The changes of stored data that this version needs, in the order in which they are made. An
/// entry stays for as long as there may be databases that lack it.
enum NeededUpdates {
  static let all: [BackgroundUpdate] = [
    // For clean-up, which is slower without them, not wrong.
    BackgroundUpdate(IndexBuild("event_txn_ids_by_age", on: "event_txn_ids", "(created_at)")),
    BackgroundUpdate(
      IndexBuild(
        "access_tokens_by_end", on: "access_tokens",
        "(valid_until) WHERE valid_until IS NOT NULL")),
    // For the removal of rooms, likewise.
    BackgroundUpdate(
      IndexBuild("account_data_by_room", on: "account_data", "(room_id) WHERE room_id <> ''")),
    BackgroundUpdate(IndexBuild("delayed_events_by_room", on: "delayed_events", "(room_id)")),
    BackgroundUpdate(IndexBuild("event_reports_by_room", on: "event_reports", "(room_id)")),
    BackgroundUpdate(IndexBuild("room_reports_by_room", on: "room_reports", "(room_id)")),
  ]
}
