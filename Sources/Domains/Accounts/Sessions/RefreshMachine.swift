/// What is kept of a device whose access tokens are refreshed. Its tokens come in generations,
/// each of an access token and a refresh token. The refresh token of the generation before stays
/// good until something of the newest one is used, as the client may never have got it.
///
/// spec: client-server-api#refreshing-access-tokens
struct RefreshState: Sendable, Equatable {
  struct Token: Sendable, Equatable {
    let hash: [UInt8]
    /// Milliseconds since the epoch; nil for a token that does not expire.
    let validUntil: Int64?
  }

  var generation: Int64
  var current: Token
  /// Nil when something of the current generation has been used.
  var previous: Token?
  /// When the user must sign in again.
  let sessionEnd: Int64?
}

/// Decides what becomes of a device's tokens when a refresh token is presented.
enum RefreshMachine {
  enum Outcome: Equatable {
    case refreshed(RefreshState, endedGenerations: ClosedRange<Int64>)
    /// The session goes on, but the user must sign in again.
    case expired
    case unknown
  }

  /// - Parameter next: the hash and the end of the token that would be given out.
  static func present(
    _ hash: [UInt8], to state: RefreshState, next: RefreshState.Token, now: Int64
  ) -> Outcome {
    let presented: RefreshState.Token
    let ended: ClosedRange<Int64>
    if state.current.hash == hash {
      presented = state.current
      ended = 0...(state.generation - 1)
    } else if let previous = state.previous, previous.hash == hash {
      // The client did not get the newest tokens: nobody shall have them.
      presented = previous
      ended = state.generation...state.generation
    } else {
      return .unknown
    }
    if let end = presented.validUntil, end <= now { return .expired }
    if let end = state.sessionEnd, end <= now { return .expired }
    return .refreshed(
      RefreshState(
        generation: state.generation + 1, current: next, previous: presented,
        sessionEnd: state.sessionEnd),
      endedGenerations: ended)
  }
}
