/// Bounds of the pools and how TLS peers are trusted.
package struct ClientConfiguration: Sendable {
  package struct TLS: Sendable, Hashable {
    /// PEM files of certificate authorities beside the system's.
    package var additionalTrustRoots: [String] = []
    /// Only for test rigs: any certificate of any name is taken.
    package var skipsVerification = false

    package init() {}
  }

  package var connectionsPerEndpoint = 32
  /// Requests that wait for a connection to the same endpoint.
  package var waitingPerEndpoint = 4096
  /// A kept connection is given up before common servers do it from their side.
  package var idleTime: Duration = .seconds(30)
  package var connectTime: Duration = .seconds(10)
  package var firstRetryDelay: Duration = .milliseconds(50)
  package var longestRetryDelay: Duration = .seconds(5)
  package var tls = TLS()

  package init() {}
}
