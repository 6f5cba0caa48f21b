import MatrixIdentifiers
import TestKit
import Testing

@testable import ServerConfig

/// Files as deployments of Synapse have them must load without a warning.
struct SynapseSampleTests {
  private func sample(_ folder: TemporaryFolder) throws -> String {
    let key = try folder.write("signing.key", Fixture.signingKey + "\n")
    let certificate = try folder.write("tls.crt", "")
    let log = try folder.write("log.yaml", "root: {level: INFO}")
    return """
      server_name: "127.0.0.1:8800"
      public_baseurl: https://127.0.0.1:8800
      signing_key_path: \(key)
      trusted_key_servers: []
      macaroon_secret_key: m
      form_secret: f
      pid_file: /tmp/homeserver.pid
      log_config: \(log)
      report_stats: false
      enable_metrics: true
      use_frozen_dicts: true
      user_agent_suffix: test
      listeners:
        - type: http
          port: 8800
          bind_addresses: ["127.0.0.1"]
          tls: true
          x_forwarded: true
          resources: [{names: [client, federation], compress: false}]
        - {type: http, port: 9093, bind_addresses: ["127.0.0.1"], tls: false,
           resources: [{names: [replication]}]}
      tls_certificate_path: \(certificate)
      tls_private_key_path: \(certificate)
      database:
        name: psycopg2
        args: {host: localhost, port: 5432, user: u, password: "", dbname: d, cp_min: 1, cp_max: 5}
      redis: {enabled: true, host: localhost, port: 6379, dbid: 2}
      federation_custom_ca_list: [\(certificate)]
      use_insecure_ssl_client_just_for_testing_do_not_use: true
      ip_range_blacklist: []
      federation_ip_range_blacklist: []
      url_preview_ip_range_blacklist: []

      """ + Self.settings
  }

  private static let settings = """
    enable_registration: true
    enable_registration_without_verification: true
    registration_shared_secret: reg
    allow_guest_access: true
    bcrypt_rounds: 4
    limit_usage_by_mau: true
    max_mau_value: 50
    default_room_version: 6
    allow_public_rooms_over_federation: true
    allow_public_rooms_without_auth: true
    require_membership_for_aliases: false
    room_list_publication_rules: [{user_id: "*", alias: "*", room_id: "*", action: allow}]
    enable_ephemeral_messages: true
    rc_message: {per_second: 1000, burst_count: 1000}
    rc_registration: {per_second: 1000, burst_count: 1000}
    rc_login:
      address: {per_second: 1000, burst_count: 1000}
      account: {per_second: 1000, burst_count: 1000}
      failed_attempts: {per_second: 1000, burst_count: 1000}
    rc_joins:
      local: {per_second: 1000, burst_count: 1000}
      remote: {per_second: 1000, burst_count: 1000}
    rc_joins_per_room: {per_second: 1000, burst_count: 1000}
    rc_invites:
      per_room: {per_second: 1000, burst_count: 1000}
      per_user: {per_second: 1000, burst_count: 1000}
      per_issuer: {per_second: 1000, burst_count: 1000}
    rc_3pid_validation: {per_second: 1000, burst_count: 1000}
    rc_admin_redaction: {per_second: 1000, burst_count: 1000}
    rc_presence: {per_user: {per_second: 1000, burst_count: 1000}}
    rc_room_creation: {per_second: 1000, burst_count: 1000}
    rc_delayed_event_mgmt: {per_second: 1000, burst_count: 1000}
    rc_key_requests: {per_second: 1000, burst_count: 1000}
    rc_media_create: {per_second: 1000, burst_count: 1000}
    rc_federation: {window_size: 1, sleep_limit: 1, sleep_delay: 1, reject_limit: 1, concurrent: 9}
    caches: {sync_response_cache_duration: 0}
    app_service_config_files: [/tmp/as.yaml]
    email: {smtp_host: localhost, smtp_port: 2525, notif_from: "x@example.org"}
    cas_config: {enabled: true, server_url: "http://localhost:9000"}
    recaptcha_siteverify_api: http://localhost:9001/siteverify
    recaptcha_public_key: pk
    recaptcha_private_key: sk
    url_preview_enabled: true
    media_store_path: /tmp/media
    password_config: {enabled: true, pepper: salt}

    """

  private let workers = """
    worker_replication_secret: between us
    instance_map:
      main: {host: 127.0.0.1, port: 9093}
      event_persister1: {host: 127.0.0.1, port: 9101}
      event_persister2: {host: 127.0.0.1, port: 9102}
      client_reader: {host: 127.0.0.1, port: 9103}
      federation_sender1: {host: 127.0.0.1, port: 9104}
      pusher1: {host: 127.0.0.1, port: 9105}
    stream_writers:
      events: [event_persister1, event_persister2]
      to_device: client_reader
      typing: client_reader
      account_data: [client_reader]
      receipts: client_reader
      presence: client_reader
      push_rules: client_reader
      device_lists: client_reader
    federation_sender_instances: [federation_sender1]
    pusher_instances: [pusher1]
    run_background_tasks_on: client_reader
    notify_appservices_from_worker: client_reader
    update_user_directory_from_worker: client_reader

    """

  @Test func aSingleProcess() throws {
    let folder = try TemporaryFolder()
    let loaded = try load(try sample(folder), for: .main)
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings.report())")
    let config = loaded.config
    #expect(config.server.serverName == ServerName("127.0.0.1:8800"))
    #expect(config.server.publicBaseURL == "https://127.0.0.1:8800/")
    #expect(config.listeners[0].usesTLS)
    #expect(config.listeners[0].resources == [.client, .federation])
    #expect(config.listeners[0].address == .tcp(bindAddresses: ["127.0.0.1"], port: 8800))
    #expect(config.database.parameters["password"] == "")
    #expect(config.redis.database == 2)
    #expect(config.federation.deniedRanges == [])
    #expect(config.federation.insecureNonFederationClient)
    #expect(config.accounts.registrationSharedSecret == "reg")
    #expect(config.accounts.monthlyActiveUserLimit == 50)
    #expect(config.accounts.passwords.pepper == "salt")
    #expect(config.rooms.defaultVersion == "6")
    #expect(config.rooms.publicationRules.map(\.allows) == [true])
    #expect(config.rateLimits.presence == RateLimit(perSecond: 1000, burstCount: 1000))
    #expect(config.caches.syncResponseLifetime == .zero)
    #expect(config.services.mail?.port == 2525)
    #expect(config.services.cas == ServicesSection.CAS(serverURL: "http://localhost:9000"))
    #expect(config.services.captcha.privateKey == "sk")
    #expect(config.media.urlPreviews)
    #expect(config.metrics.enabled)
  }

  @Test(arguments: [
    ("event_persister1", 9101, [Duty.serveClients, .writeEvents]),
    ("federation_sender1", 9104, [.serveClients, .sendFederation]),
    ("pusher1", 9105, [.serveClients, .push]),
    (
      "client_reader", 9103,
      [
        .serveClients, .writeStreams, .backgroundTasks, .notifyApplicationServices,
        .updateUserDirectory,
      ]
    ),
  ])
  func withWorkers(name: String, port: Int, duties: [Duty]) throws {
    let folder = try TemporaryFolder()
    let own = """
      worker_app: synapse.app.generic_worker
      worker_name: \(name)
      worker_log_config: \(folder.path)/log.yaml
      worker_listeners:
        - {type: http, port: 8080, resources: [{names: [client, federation]}]}
        - {type: http, port: \(port), resources: [{names: [replication]}]}
      """
    let loaded = try load(try sample(folder), workers, own, for: .genericWorker)
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings.report())")
    #expect(loaded.config.duties == Set(duties))
  }

  /// JSON is YAML, and generated files are JSON.
  @Test func json() throws {
    let config = try load(
      """
      {
       "server_name": "peer.test",
       "signing_key": "\(Fixture.signingKey)",
       "listeners": [{"type": "http", "port": 18010, "bind_addresses": ["127.0.0.1"],
        "resources": [{"names": ["client"], "compress": false}]}],
       "database": {"name": "psycopg2", "args": {"dbname": "synapse", "cp_min": 5, "cp_max": 10}},
       "rc_message": {"per_second": 1000000.0, "burst_count": 1000000}
      }
      """
    ).config
    #expect(config.server.publicBaseURL == "https://peer.test/")
    #expect(config.rateLimits.message.perSecond == 1_000_000)
  }
}
