import NIOCore

/// How long an answer has been waiting for its reader.
struct WriteStall {
  /// Bytes may be waiting since the last look.
  var mayWait = false
  private var pending = 0
  private var since: NIODeadline?

  /// True when none of the waiting bytes went out for `limit`.
  mutating func isStalled(pending now: Int, at time: NIODeadline, limit: Duration) -> Bool {
    guard now > 0 else {
      self = WriteStall()
      return false
    }
    if now != pending || since == nil {
      pending = now
      since = time
    }
    return time - (since ?? time) >= TimeAmount(limit)
  }
}

extension Connection {
  func expect(_ what: Waiting, within time: Duration) {
    waiting = what
    deadline = .now() + TimeAmount(time)
  }

  /// What arrives buys time, at the slowest rate that is borne.
  func extendBodyDeadline(by bytes: Int) {
    guard waiting == .body else { return }
    let limits = dispatcher.limits
    let bought = Duration.seconds(1) * bytes / max(1, limits.bodyBytesPerSecond)
    deadline = min(
      deadline + TimeAmount(bought), .now() + TimeAmount(limits.bodyTime))
  }

  /// Looks at the time limits; called by the table once in a while.
  func check(at now: NIODeadline) {
    if stall.mayWait, isWriteStalled(at: now) { return abort() }
    guard waiting != .nothing, now >= deadline else { return }
    switch waiting {
    case .nothing: break
    case .nextRequest, .reader: abort()
    case .head, .body:
      refuse(MatrixError(status: 408, code: .unknown, message: "The request came too slowly"))
    }
  }

  private func isWriteStalled(at now: NIODeadline) -> Bool {
    let pending =
      (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    return stall.isStalled(
      pending: pending, at: now, limit: dispatcher.limits.writeTime)
  }
}
