import Collections
import DequeModule
import Executors
import Synchronization

/// The requests that are being answered: one that comes again, as from a client that lost its
/// connection, waits for the answer to the first instead of asking for another. For a while
/// afterwards it gets that answer too.
final class SyncFlights: Sendable {
  struct Limits: Sendable {
    /// How long an answer is kept; not at all when zero.
    var lifetime = Duration.zero
    /// Bytes of all answers that are kept, and of one.
    var bytes = 64 << 20
    var answerBytes = 1 << 20
    /// Answers that are kept, each with its request of about 1 KB.
    var answers = 20_000
  }

  /// A request that is being answered.
  final class Flight: Sendable {
    fileprivate struct State {
      var answer: [UInt8]?
      var isOver = false
      var followers: [ObjectIdentifier: Waiter<Bool>] = [:]
    }

    fileprivate let request: SyncRequest
    fileprivate let state = Mutex(State())

    fileprivate init(_ request: SyncRequest) {
      self.request = request
    }

    /// Nil while there is none, or when the request ended without one.
    var answer: [UInt8]? {
      state.withLock { $0.answer }
    }

    /// No longer waits for the answer.
    func leave(_ waiter: Waiter<Bool>) {
      state.withLock { $0.followers[ObjectIdentifier(waiter)] = nil }
    }

    /// True when the flight had not ended yet.
    fileprivate func join(_ waiter: Waiter<Bool>) -> Bool {
      state.withLock { state in
        guard !state.isOver else { return false }
        state.followers[ObjectIdentifier(waiter)] = waiter
        return true
      }
    }

    fileprivate func end(_ answer: [UInt8]?) {
      let followers = state.withLock { state in
        state.isOver = true
        state.answer = answer
        defer { state.followers = [:] }
        return Array(state.followers.values)
      }
      for waiter in followers { waiter.resolve(true) }
    }
  }

  enum Entry {
    /// The request is to be answered, and the flight to be ended then.
    case first(Flight)
    /// The waiter is resolved when the flight has ended, with an answer or without.
    case repeated(Flight, Waiter<Bool>)
    case answered([UInt8])
  }

  private struct State {
    var flights: [SyncRequest: Flight] = [:]
    /// Those that have ended with an answer, oldest first.
    var kept: Deque<(flight: Flight, bytes: Int, until: ContinuousClock.Instant)> = []
    var bytes = 0

    mutating func remove(_ flight: Flight) {
      if flights[flight.request] === flight { flights[flight.request] = nil }
    }

    mutating func forget(_ limits: Limits) {
      let now = ContinuousClock.now
      while let first = kept.first,
        first.until <= now || bytes > limits.bytes || kept.count > limits.answers
      {
        kept.removeFirst()
        bytes -= first.bytes
        remove(first.flight)
      }
    }
  }

  private let limits: Limits
  private let state = Mutex(State())

  init(limits: Limits = Limits()) {
    self.limits = limits
  }

  func enter(_ request: SyncRequest) -> Entry {
    state.withLock { state in
      state.forget(limits)
      let waiter = Waiter<Bool>()
      if let flight = state.flights[request] {
        if flight.join(waiter) { return .repeated(flight, waiter) }
        if let answer = flight.answer { return .answered(answer) }
      }
      let flight = Flight(request)
      state.flights[request] = flight
      return .first(flight)
    }
  }

  /// - Parameters:
  ///   - answer: nil when there is none: the client has gone, or something failed. Of those who
  ///     follow, one is the next to find it.
  ///   - mayKeep: whether it may be given again later. What tells nothing is not worth keeping, and
  ///     a message between devices is not told again once it has been acknowledged.
  func end(_ flight: Flight, with answer: [UInt8]?, mayKeep: Bool = false) {
    // A first answer is asked for again by a client that wants to begin anew.
    let isKept = mayKeep && limits.lifetime > .zero && flight.request.since != nil
    state.withLock { state in
      if isKept, let answer, answer.count <= limits.answerBytes {
        let until = ContinuousClock.now.advanced(by: limits.lifetime)
        state.kept.append((flight, answer.count, until))
        state.bytes += answer.count
        state.forget(limits)
      } else {
        state.remove(flight)
      }
    }
    flight.end(answer)
  }
}
