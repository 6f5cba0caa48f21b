import Synchronization

/// What this process does as a writer of streams: the handlers of its streams' actions.
/// Handlers are registered while the process is put together, before the first call.
package final class LocalOwner: StreamOwner {
  package typealias Handler = @Sendable (_ body: [UInt8]) async throws(OwnerError) -> [UInt8]

  private struct Action: Hashable {
    let stream: StreamName
    let name: String
  }

  private let handlers = Mutex<[Action: Handler]>([:])

  package init() {}

  package func register(
    _ stream: StreamName, _ action: String, _ handler: @escaping Handler
  ) {
    handlers.withLock { $0[Action(stream: stream, name: action)] = handler }
  }

  package func call(_ call: OwnerCall) async throws(OwnerError) -> [UInt8] {
    let action = Action(stream: call.stream, name: call.action)
    guard let handler = handlers.withLock({ $0[action] }) else {
      throw .unavailable(
        reason: "this process does not write the stream \(call.stream.rawValue)")
    }
    return try await handler(call.body)
  }
}
