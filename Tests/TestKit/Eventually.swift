package struct TimedOut: Error {}

/// Asks again and again until `condition` holds.
/// - Throws: `TimedOut` when it does not within `timeout`.
package func eventually(
  within timeout: Duration = .seconds(60), every period: Duration = .milliseconds(10),
  _ condition: @Sendable () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + timeout
  while try await !condition() {
    guard clock.now < deadline else { throw TimedOut() }
    try await Task.sleep(for: period)
  }
}
