import Postgres
import PushRules
import Testing

@Test func migrationsAreNumberedInTheirRange() {
  #expect(PushRulesSchema.migrations.allSatisfy { (600..<700).contains($0.number) })
}
