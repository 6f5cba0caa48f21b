/// Runs services for the time of `body`.
package func whileRunning<Value: Sendable>(
  _ services: [@Sendable () async -> Void], _ body: @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for service in services { group.addTask { await service() } }
    defer { group.cancelAll() }
    return try await body()
  }
}
