import Glibc
import Synchronization

/// Does the work on a thread with a stack of that size, where deep recursion would crash.
func onStack<Value: Sendable>(
  ofBytes bytes: Int, _ work: @escaping @Sendable () throws -> Value
) throws -> Value {
  let result = ThreadResult<Value>()
  let body = ThreadBody { result.value.withLock { $0 = Result { try work() } } }
  let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
  defer { attributes.deallocate() }
  pthread_attr_init(attributes)
  defer { pthread_attr_destroy(attributes) }
  pthread_attr_setstacksize(attributes, bytes)
  var thread = pthread_t()
  let started = pthread_create(
    &thread, attributes,
    { context in
      if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeUnretainedValue().run() }
      return nil
    }, Unmanaged.passUnretained(body).toOpaque())
  guard started == 0 else { throw TestFailure(what: "no thread") }
  pthread_join(thread, nil)
  return try withExtendedLifetime(body) {
    guard let outcome = result.value.withLock({ $0 }) else { throw TestFailure(what: "no result") }
    return try outcome.get()
  }
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) {
    self.run = run
  }
}

private final class ThreadResult<Value: Sendable>: Sendable {
  let value = Mutex<Result<Value, any Error>?>(nil)
}
