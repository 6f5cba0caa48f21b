import CLibPQ
import NIOCore

extension Wire {
  /// Takes what has arrived and asks for more.
  func becomeReady() {
    loop.assertInEventLoop()
    guard let handle else { return }
    let alive = PQconsumeInput(handle) == 1
    let intact = takeAnswers()
    if !(alive && intact && arm()) { close() }
  }

  /// Handles every message that is complete. False when the server has ended the session.
  private func takeAnswers() -> Bool {
    let now = NIODeadline.now()
    // Called even with nothing outstanding: libpq then reads notices and goodbyes.
    while let handle, PQisBusy(handle) == 0, let step = steps.first {
      lastProgress = now
      guard let result = PQgetResult(handle) else {
        steps.popFirst()
        continue
      }
      let status = PQresultStatus(result)
      if status == PGRES_PIPELINE_SYNC {
        PQclear(result)
        steps.popFirst()
        if case .end(let exchange) = step { finish(exchange) }
      } else if status == PGRES_FATAL_ERROR, endsConnection(result) {
        PQclear(result)
        return false
      } else {
        take(result, status, for: step, now)
      }
    }
    return true
  }

  private func take(
    _ result: OpaquePointer, _ status: ExecStatusType, for step: Step, _ now: NIODeadline
  ) {
    switch step {
    case .prepare(let prepared):
      if status != PGRES_COMMAND_OK {
        known[prepared.statement.name] = nil
        prepared.failure = PostgresError(result: result, statement: prepared.statement.name)
      }
      PQclear(result)
    case .statement(let prepared, let sent):
      prepared.timer.record(since: sent, now: now)
      if status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK {
        rows.append(Rows(result))
      } else {
        if status != PGRES_PIPELINE_ABORTED { note(result, of: prepared) }
        PQclear(result)
      }
    case .prepared, .end:
      PQclear(result)
    }
  }

  /// Keeps the first error of the exchange.
  private func note(_ result: OpaquePointer, of prepared: Prepared) {
    guard failure == nil else { return }
    let notPrepared = "26000"
    let error = PostgresError(result: result, statement: prepared.statement.name)
    failure = error.sqlState == notPrepared ? prepared.failure ?? error : error
  }

  private func finish(_ exchange: Exchange) {
    exchangeEnded()
    let rows = self.rows
    self.rows = []
    if let failure = failure.take() {
      exchange.finish(.failed(failure))
    } else {
      exchange.finish(.rows(rows))
    }
  }
}
