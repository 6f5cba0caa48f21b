package import Logging

/// One listener: where it listens and what it makes of those who come.
package struct ListenerConfiguration: Sendable {
  package static let defaultSocketMode: UInt32 = 0o666

  package enum Address: Sendable, Hashable {
    /// Several host addresses share the port; port 0 takes a free one.
    case tcp(hosts: [String], port: Int)
    /// A socket file and its permission bits.
    case unix(path: String, mode: UInt32)
  }

  package struct TLSFiles: Sendable, Hashable {
    package let certificatePath: String
    package let privateKeyPath: String

    package init(certificatePath: String, privateKeyPath: String) {
      self.certificatePath = certificatePath
      self.privateKeyPath = privateKeyPath
    }
  }

  package var address: Address
  package var tls: TLSFiles?
  /// Takes the client's address from `X-Forwarded-For`; only where a proxy sets it.
  package var trustsForwardedFor: Bool
  package var limits = ServerLimits()
  /// The level of the line that tells of each answer.
  package var accessLogLevel = Logger.Level.debug

  package init(
    address: Address, tls: TLSFiles? = nil, trustsForwardedFor: Bool = false
  ) {
    self.address = address
    self.tls = tls
    self.trustsForwardedFor = trustsForwardedFor
  }
}

/// Why a listener does not serve.
package enum ListenerError: Error, Sendable, Equatable, CustomStringConvertible {
  case addressTaken(String)
  case cannotListen(String, reason: String)
  case certificate(path: String, reason: String)

  package var description: String {
    switch self {
    case .addressTaken(let address):
      "\(address) is in use by another process: "
        + "change the port or path in 'listeners', or stop that process"
    case .cannotListen(let address, let reason):
      "cannot listen on \(address): \(reason) (see 'listeners')"
    case .certificate(let path, let reason):
      "cannot use the TLS files of 'listeners' (\(path)): \(reason)"
    }
  }
}
