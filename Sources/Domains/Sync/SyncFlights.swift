import Executors
import Synchronization

/// The requests that are being answered: one that comes again, as from a client that lost its
/// connection, waits for the answer to the first instead of asking for another.
final class SyncFlights: Sendable {
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
  }

  private let flights = Mutex<[SyncRequest: Flight]>([:])

  func enter(_ request: SyncRequest) -> Entry {
    flights.withLock { flights in
      let waiter = Waiter<Bool>()
      if let flight = flights[request], flight.join(waiter) { return .repeated(flight, waiter) }
      let flight = Flight(request)
      flights[request] = flight
      return .first(flight)
    }
  }

  /// - Parameter answer: nil when there is none: the client has gone, or something failed. Of those
  ///   who follow, one is the next to find it.
  func end(_ flight: Flight, with answer: [UInt8]?) {
    flights.withLock { flights in
      if flights[flight.request] === flight { flights[flight.request] = nil }
    }
    flight.end(answer)
  }
}
