import Ephemera
import Postgres
import Testing

@Test func migrationsAreNumberedInTheirRange() {
  #expect(EphemeraSchema.migrations.allSatisfy { (500..<600).contains($0.number) })
}
