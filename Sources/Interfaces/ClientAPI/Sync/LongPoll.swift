import HTTPServing
import Sync

/// Answers one request with what the engine finds, now or when there is news, without a task
/// that waits.
struct LongPoll: Sendable {
  let engine: SyncEngine
  /// Makes the body of what /sync would answer.
  var render: @Sendable ([UInt8]) async throws -> [UInt8] = { $0 }
  /// Called once, when the request is over in whatever way.
  let whenOver: @Sendable () -> Void

  func answer(_ step: () async throws -> SyncEngine.Outcome) async throws -> Response {
    do {
      switch try await step() {
      case .answer(let bytes):
        let response = Response.json(200, try await render(bytes))
        whenOver()
        return response
      case .wait(let poll):
        return .later(
          Suspension(
            until: poll.waiter,
            resume: { news in try await answer { try await engine.resume(poll, news: news) } },
            abandon: {
              engine.abandon(poll)
              whenOver()
            }))
      }
    } catch {
      whenOver()
      throw error is SyncEngine.Failure ? MatrixError.unavailable() : error
    }
  }
}
