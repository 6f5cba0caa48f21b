/// Where Redis is and how patient to be with it.
package struct RedisConfiguration: Sendable {
  package enum Endpoint: Sendable, CustomStringConvertible {
    case tcp(host: String, port: Int)
    case unix(path: String)

    package var description: String {
      switch self {
      case .tcp(let host, let port): "\(host):\(port)"
      case .unix(let path): path
      }
    }
  }

  package var endpoint: Endpoint
  package var username: String?
  package var password: String?
  /// The number for SELECT.
  package var database: Int
  package var timing: RedisTiming
  package var limits: RedisLimits

  package init(
    endpoint: Endpoint, username: String? = nil, password: String? = nil, database: Int = 0,
    timing: RedisTiming = RedisTiming(), limits: RedisLimits = RedisLimits()
  ) {
    self.endpoint = endpoint
    self.username = username
    self.password = password
    self.database = database
    self.timing = timing
    self.limits = limits
  }
}

package struct RedisTiming: Sendable {
  package var connectTimeout: Duration = .seconds(2)
  /// How long one command may wait for its answer.
  package var commandTimeout: Duration = .seconds(2)
  /// A silent connection is probed this often; a probe without an answer within
  /// `commandTimeout` means that Redis hangs, and the connection is given up.
  package var pingInterval: Duration = .seconds(2)
  package var firstRetry: Duration = .milliseconds(100)
  package var longestRetry: Duration = .seconds(2)

  package init() {}
}

package struct RedisLimits: Sendable {
  /// Commands of one connection without an answer yet; more are refused.
  package var pendingCommands = 10_000
  /// Bytes of those commands; more are refused.
  package var pendingBytes = 32 << 20
  /// Unparsed bytes of one reply; a longer one ends the connection.
  package var replyBytes = 64 << 20

  package init() {}
}

package enum RedisError: Error, Sendable, Equatable {
  /// There is no connection now; one is being made.
  case unavailable
  /// Too many commands wait for an answer.
  case overloaded
  case timedOut
  /// Redis answered with an error; only its code is kept, as the text may quote arguments.
  case refused(code: String)
  /// What came back is not what the protocol or the command allows.
  case unexpectedReply
}
