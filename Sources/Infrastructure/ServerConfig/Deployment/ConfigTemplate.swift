/// The first configuration of a new server, as `apusctl config generate` writes it.
package struct ConfigTemplate: Sendable {
  package let serverName: String
  /// Holds the key, the secrets and the media.
  package let dataFolder: String
  package var databaseName = "apus"
  package var databaseUser = "apus"
  package var databaseHost = "/var/run/postgresql"
  package var openRegistration = false
  /// Adds main's replication listener, which workers need.
  package var withWorkers = false

  package init(serverName: String, dataFolder: String) {
    self.serverName = serverName
    self.dataFolder = dataFolder
  }

  package var signingKeyPath: String { "\(dataFolder)/signing.key" }

  /// Secrets by key; each has a file of its own, so that the configuration can be shown around.
  package static let secrets = [
    "registration_shared_secret", "macaroon_secret_key", "form_secret", "worker_replication_secret",
  ]

  package func secretPath(_ key: String) -> String { "\(dataFolder)/\(key)" }

  package var text: String {
    """
    # The server's configuration. `apusctl config check -c THIS-FILE` explains what is wrong with
    # it. Every key is documented where it is read: Synapse's names and meanings apply.

    # The part of user ids after the colon. It can never be changed.
    server_name: \(quoted(serverName))
    # Where clients reach the server.
    public_baseurl: \(quoted("https://\(serverName)/"))
    signing_key_path: \(quoted(signingKeyPath))

    database:
      name: postgres
      args:
        dbname: \(quoted(databaseName))
        user: \(quoted(databaseUser))
        host: \(quoted(databaseHost))
        cp_min: 2
        # Connections of each process: all processes together must stay below Postgres's
        # max_connections.
        cp_max: 8

    listeners:
    \(listeners)

    # Secrets, each in a file that only the server's user may read.
    \(secretLines)

    \(registration)

    media_store_path: \(quoted("\(dataFolder)/media"))
    # No other server is asked for third servers' keys.
    trusted_key_servers: []
    report_stats: false

    """
  }

  private var listeners: String {
    let clients = """
        - type: http
          port: 8008
          bind_addresses: [127.0.0.1]
          x_forwarded: true
          resources:
            - names: [client, federation, media]
      """
    guard withWorkers else { return clients }
    return clients + "\n" + """
        # For the workers only: the place of main in shared.yaml's instance_map.
        - type: http
          port: 9093
          bind_addresses: [127.0.0.1]
          resources:
            - names: [replication]
      """
  }

  private var secretLines: String {
    Self.secrets.map { "\($0)_path: \(quoted(secretPath($0)))" }.joined(separator: "\n")
  }

  private var registration: String {
    openRegistration
      ? "enable_registration: true\nenable_registration_without_verification: true"
      : "# Accounts are made with `apusctl register-user`.\nenable_registration: false"
  }

  /// Single-quoted YAML, in which only the quote itself needs care.
  private func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
