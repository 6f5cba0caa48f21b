import TestKit
import Testing

@testable import ServerConfig

/// Files, their order, and the values in them.
struct ReadingTests {
  @Test func laterFilesReplaceWholeTopLevelKeys() throws {
    let loaded = try load(
      Fixture.minimal + "redis: {enabled: true, host: one, dbid: 3}\nbcrypt_rounds: 4\n",
      "redis: {enabled: true, port: 7000}\n")
    #expect(loaded.config.redis.host == "localhost")
    #expect(loaded.config.redis.port == 7000)
    #expect(loaded.config.redis.database == 0)
    #expect(loaded.config.accounts.bcryptRounds == 4)
  }

  @Test func onlyAnAddressInTheFileIsAnnounced() throws {
    for line in ["", "public_baseurl: null\n"] {
      let server = try load(Fixture.minimal, line).config.server
      #expect(!server.servesClientWellKnown)
      #expect(server.publicBaseURL == "https://example.org/")
    }
    let server = try load(Fixture.minimal, "public_baseurl: https://m.example.org\n").config.server
    #expect(server.servesClientWellKnown)
    #expect(server.publicBaseURL == "https://m.example.org/")
  }

  @Test func aFolderIsItsYAMLFilesInOrder() throws {
    let folder = try TemporaryFolder()
    try folder.write("conf/20.yaml", "bcrypt_rounds: 20\n")
    try folder.write("conf/10.yaml", Fixture.minimal + "bcrypt_rounds: 10\n")
    try folder.write("conf/99.yaml.bak", "bcrypt_rounds: 31\n")
    try folder.write("conf/99.yaml/inner.yaml", "bcrypt_rounds: 30\n")
    let loaded = try HomeserverConfig.load(paths: [folder.path + "/conf"])
    #expect(loaded.config.accounts.bcryptRounds == 20)
    #expect(loaded.files == ["10.yaml", "20.yaml"].map { "\(folder.path)/conf/\($0)" })
  }

  @Test func aTextThatIsNoMappingIsRefused() throws {
    let found = try problems("- a\n- b\n")
    #expect(found.map(\.keys) == [["--config-path"]])
    #expect(found[0].message.contains("key: value"))
  }

  @Test func missingFilesAreNamed() {
    let failure = #expect(throws: ConfigFailure.self) {
      try HomeserverConfig.load(paths: ["/nowhere/homeserver.yaml"])
    }
    #expect(failure?.description.contains("/nowhere/homeserver.yaml") == true)
    #expect(throws: ConfigFailure.self) { try HomeserverConfig.load(paths: []) }
  }

  enum Secret: String, CaseIterable {
    case registration = "registration_shared_secret"
    case macaroon = "macaroon_secret_key"
    case form = "form_secret"
    case replication = "worker_replication_secret"

    func value(_ config: HomeserverConfig) -> String? {
      switch self {
      case .registration: config.accounts.registrationSharedSecret
      case .macaroon: config.server.macaroonSecretKey
      case .form: config.server.formSecret
      case .replication: config.fleet.replicationSecret
      }
    }
  }

  @Test(arguments: Secret.allCases)
  func secretsComeFromFilesToo(secret: Secret) throws {
    let key = secret.rawValue
    let folder = try TemporaryFolder()
    let file = try folder.write("secret", "  s3cret \n")
    #expect(secret.value(try load(Fixture.minimal, "\(key): inline").config) == "inline")
    #expect(secret.value(try load(Fixture.minimal, "\(key)_path: \(file)").config) == "s3cret")

    let both = try problems(Fixture.minimal, "\(key)_path: \(file)\n\(key): inline")
    #expect(both.map(\.keys) == [[key, "\(key)_path"]])
    #expect(both.errors.count == 1)
    #expect(!both.report().contains("inline"))

    let missing = try problems(Fixture.minimal, "\(key)_path: \(file).none")
    #expect(missing.map(\.keys) == [["\(key)_path"]])
    #expect(missing.errors.count == 1)
  }

  @Test func redisPasswordAndSigningKeyComeFromFilesToo() throws {
    let folder = try TemporaryFolder()
    let password = try folder.write("redis", "pw\n")
    let key = try folder.write("key", Fixture.signingKey + "\n")
    let text = Fixture.without("signing_key", in: Fixture.minimal)
    let loaded = try load(
      text, "signing_key_path: \(key)\nredis: {enabled: true, password_path: \(password)}")
    #expect(loaded.config.redis.password == "pw")
    #expect(
      try problems(text, "signing_key_path: \(password)").errors.map(\.keys) == [
        ["signing_key_path"]
      ])
  }

  @Test(
    arguments: [
      ("10s", 10_000), ("5m", 300_000), ("1h", 3_600_000), ("2d", 172_800_000),
      ("1w", 604_800_000), ("1y", 31_536_000_000), ("1500", 1500), ("'1500'", 1500), ("0", 0),
    ] as [(String, Int64)])
  func durations(text: String, milliseconds: Int64) throws {
    let config = try load(Fixture.minimal, "session_lifetime: \(text)").config
    #expect(config.accounts.sessions.lifetime == .milliseconds(milliseconds))
  }

  @Test(
    arguments: [
      ("50M", 52_428_800), ("10K", 10_240), ("1G", 1_073_741_824), ("1T", 1 << 40), ("77", 77),
    ] as [(String, Int64)])
  func sizes(text: String, bytes: Int64) throws {
    let config = try load(Fixture.minimal, "max_upload_size: \(text)").config
    #expect(config.media.maximumUploadBytes == bytes)
  }

  @Test(
    arguments: [
      ("0660", 0o660), ("660", 0o660), ("0o600", 0o600), ("'0666'", 0o666), ("432", 0o660),
    ] as [(String, UInt32)])
  func socketModes(text: String, mode: UInt32) throws {
    let config = try load(
      Fixture.minimal, "listeners: [{type: http, path: /run/x.sock, mode: \(text)}]"
    ).config
    #expect(config.listeners.map(\.address) == [.unix(path: "/run/x.sock", mode: mode)])
  }

  @Test func rateLimits() throws {
    let limits = try load(
      Fixture.minimal,
      """
      rc_message: {per_second: 1e6, burst_count: 1000000.0}
      rc_login: {address: {per_second: 2}, failed_attempts: {burst_count: 9}}
      rc_admin_redaction: {per_second: 3, burst_count: 4}
      rc_federation: {window_size: 2000, sleep_delay: 1s, concurrent: 7}
      """
    ).config.rateLimits
    #expect(limits.message == RateLimit(perSecond: 1_000_000, burstCount: 1_000_000))
    #expect(limits.login.address == RateLimit(perSecond: 2, burstCount: 5))
    #expect(limits.login.account == RateLimit(perSecond: 0.003, burstCount: 5))
    #expect(limits.login.failedAttempts == RateLimit(perSecond: 0.17, burstCount: 9))
    #expect(limits.adminRedaction == RateLimit(perSecond: 3, burstCount: 4))
    #expect(limits.federation.window == .seconds(2))
    #expect(limits.federation.sleepDelay == .seconds(1))
    #expect(limits.federation.concurrent == 7)
  }

  @Test func libpqKeywordsAreTexts() throws {
    let database = try load(
      Fixture.minimal,
      """
      database:
        name: psycopg2
        args: {host: /run/pg, port: 5433, user: u, password: "", database: d, cp_min: 1, cp_max: 3,
          cp_reconnect: true, sslmode: require}
      """
    ).config.database
    #expect(
      database.parameters == [
        "host": "/run/pg", "port": "5433", "user": "u", "password": "", "dbname": "d",
        "sslmode": "require",
      ])
    #expect(database.minimumConnections == 1)
    #expect(database.maximumConnections == 3)
  }

  @Test func aSmallPoolNeedsNoMinimum() throws {
    let loaded = try load(
      Fixture.minimal, "database: {name: postgres, args: {dbname: d, cp_max: 2}}")
    #expect(loaded.config.database.minimumConnections == nil)
    #expect(loaded.warnings.isEmpty)
  }
}
