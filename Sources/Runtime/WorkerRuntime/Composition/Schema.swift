import Accounts
import BackgroundUpdates
import DelayedEvents
import DeviceKeys
import DeviceMessages
import Ephemera
import KeyBackup
import Postgres
import PushRules
import Rooms
import Streams
import Sync
import TaskScheduler

/// The whole schema in the order in which it is made.
enum Schema {
  static let migrations: [Migration] =
    StreamsSchema.migrations + AccountsSchema.migrations + RoomsSchema.migrations
    + SyncSchema.migrations + EphemeraSchema.migrations
    + DeviceMessagesSchema.migrations + KeyBackupSchema.migrations
    + PushRulesSchema.migrations + TaskSchedulerSchema.migrations
    + BackgroundUpdatesSchema.migrations
    + DeviceKeysSchema.migrations + DelayedEventsSchema.migrations
}
