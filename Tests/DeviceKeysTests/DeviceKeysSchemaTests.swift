import DeviceKeys
import Postgres
import Testing

@Test func migrationsAreNumberedInTheirRange() {
  #expect(DeviceKeysSchema.migrations.allSatisfy { (400..<500).contains($0.number) })
}
