import Accounts
import Ephemera
import Postgres
import PushRules
import Rooms
import Streams
import Sync

/// The whole schema in the order in which it is made.
enum Schema {
  static let migrations: [Migration] =
    StreamsSchema.migrations + AccountsSchema.migrations + RoomsSchema.migrations
    + SyncSchema.migrations + EphemeraSchema.migrations
    + PushRulesSchema.migrations
}
