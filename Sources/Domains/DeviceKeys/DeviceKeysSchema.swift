package import Postgres

/// The tables of this domain. Migrations are numbered from 400.
package enum DeviceKeysSchema {
  package static let migrations: [Migration] = []
}
