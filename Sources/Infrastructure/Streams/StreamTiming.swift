/// The rhythms of replication. Tests shorten them; the fleet uses the defaults.
package struct StreamTiming: Sendable {
  /// How often positions and invalidations are read from the database while the bus works.
  package var poll: Duration = .seconds(2)
  /// The same while the bus is away.
  package var pollWithoutBus: Duration = .milliseconds(250)
  /// The same while a request waits for a position.
  package var pollWhileAwaited: Duration = .milliseconds(100)
  /// How often a writer looks whether it has something to announce.
  package var heartbeat: Duration = .seconds(1)
  /// How often it announces its position although nothing changed.
  package var idleAnnouncement: Duration = .seconds(5)
  /// How often an idle writer moves up to where the other writers are.
  package var settle: Duration = .seconds(2)
  /// How long a lease lasts without renewal.
  package var leaseDuration: Duration = .seconds(10)
  package var leaseRenewal: Duration = .seconds(3)
  /// How often main looks for writers that are dead.
  package var deadWriterSweep: Duration = .seconds(5)
  /// How often main removes old invalidations.
  package var invalidationSweep: Duration = .seconds(300)

  package init() {}
}
