import Foundation
import TestKit
import Testing

@testable import ServerConfig

/// Each problem with the keys that it names. Everything is found before anything starts.
struct ProblemTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let files: [String]
    let severity: ConfigProblem.Severity
    let keys: [String]
    let mention: String

    init(
      _ severity: ConfigProblem.Severity, _ keys: [String], mention: String = "", _ files: String...
    ) {
      self.files = files
      self.severity = severity
      self.keys = keys
      self.mention = mention
    }

    var testDescription: String { "\(severity) \(keys) \(mention)" }
  }

  /// Exactly one problem, so that one mistake does not bury itself in others.
  func check(_ one: Case) throws {
    let folder = try TemporaryFolder()
    var files: [String] = []
    for (index, text) in one.files.enumerated() {
      files.append(try folder.write("\(index).yaml", text))
    }
    var found: [ConfigProblem]
    do {
      found = try HomeserverConfig.load(paths: files).warnings
    } catch let failure {
      found = failure.problems
    }
    #expect(found.map(\.keys) == [one.keys], "\(found.report())")
    #expect(found.map(\.severity) == [one.severity])
    let text = found.report()
    #expect(one.mention.isEmpty || text.contains(one.mention))
    #expect(text.contains("Fix: "))
    for key in one.keys { #expect(text.contains(key)) }
  }

  static let essentials: [Case] = [
    Case(.error, ["server_name"], Fixture.without("server_name", in: Fixture.minimal)),
    Case(
      .error, ["server_name"], mention: "0.yaml:1",
      "server_name: 'https://x'\n"
        + Fixture.without("server_name", in: Fixture.minimal)),
    Case(.error, ["server_name"], mention: "must be text", Fixture.minimal, "server_name: 12"),
    Case(.error, ["public_baseurl"], Fixture.minimal, "public_baseurl: example.org"),
    Case(.error, ["signing_key_path"], Fixture.without("signing_key", in: Fixture.minimal)),
    Case(.error, ["signing_key"], Fixture.minimal, "signing_key: ed25519 short"),
    Case(.error, ["database"], Fixture.without("database", in: Fixture.minimal)),
    Case(
      .error, ["database.name"], mention: "SQLite", Fixture.minimal,
      "database: {name: sqlite3, args: {}}"),
    Case(.error, ["database.name"], Fixture.minimal, "database: {args: {dbname: x}}"),
    Case(
      .error, ["database.args.cp_min", "database.args.cp_max"], Fixture.minimal,
      "database: {name: postgres, args: {cp_min: 5, cp_max: 4}}"),
    Case(
      .error, ["database.args.cp_max"], mention: "from 2", Fixture.minimal,
      "database: {name: postgres, args: {cp_max: 1}}"),
    Case(
      .error, ["database.args.options", "postgres:synchronous_commit"], Fixture.minimal,
      "database: {name: postgres, args: {options: '-c synchronous_commit=off'}}"),
    Case(
      .error, ["databases", "database"],
      Fixture.without("database", in: Fixture.minimal) + "databases: {}\n"),
    Case(
      .warning, ["database.args.hots"], mention: "`host`", Fixture.minimal,
      "database: {name: postgres, args: {hots: x}}"),
  ]

  @Test(arguments: essentials)
  func essential(_ one: Case) throws { try check(one) }

  static let values: [Case] = [
    Case(
      .error, ["bcrypt_rounds"], mention: "1.yaml:2", Fixture.minimal,
      "report_stats: no\nbcrypt_rounds: lots"),
    Case(.error, ["bcrypt_rounds"], mention: "from 4 to 31", Fixture.minimal, "bcrypt_rounds: 3"),
    Case(
      .error, ["enable_registration"], mention: "true or false", Fixture.minimal,
      "enable_registration: 'true'"),
    Case(.error, ["redis"], mention: "a mapping", Fixture.minimal, "redis: true"),
    Case(.error, ["listeners"], mention: "a list", Fixture.minimal, "listeners: {}"),
    Case(.error, ["session_lifetime"], mention: "10s", Fixture.minimal, "session_lifetime: soon"),
    Case(.error, ["max_upload_size"], mention: "50M", Fixture.minimal, "max_upload_size: 5X"),
    Case(.error, ["rc_message.per_second"], Fixture.minimal, "rc_message: {per_second: fast}"),
    Case(
      .error, ["rc_message.per_second", "rc_message.burst_count"], Fixture.minimal,
      "rc_message: {per_second: -1}"),
    Case(.error, ["redis.use_tls"], Fixture.minimal, "redis: {enabled: true, use_tls: true}"),
    Case(
      .error, ["room_list_publication_rules[0].action"], Fixture.minimal,
      "room_list_publication_rules: [{action: maybe}]"),
    Case(
      .error, ["cas_config.enabled", "cas_config.server_url"], Fixture.minimal,
      "cas_config: {enabled: true}"),
    Case(
      .error, ["enable_registration", "enable_registration_without_verification"],
      Fixture.minimal, "enable_registration: true"),
    Case(
      .error, ["enable_registration", "enable_registration_captcha"], Fixture.minimal,
      "enable_registration: true\nenable_registration_captcha: true\nrecaptcha_public_key: a\n"
        + "recaptcha_private_key: b"),
    Case(
      .error, ["enable_registration", "registrations_require_3pid"],
      mention: "registration_requires_token", Fixture.minimal,
      "enable_registration: true\nregistrations_require_3pid: [email]"),
    Case(
      .error, ["default_room_version"], mention: "11, 12", Fixture.minimal,
      "default_room_version: 13"),
    Case(
      .warning, ["block_non_admin_invites"], mention: "does not offer", Fixture.minimal,
      "block_non_admin_invites: true\nauto_join_rooms: []\nmodules:"),
    Case(
      .warning, ["enable_registartion"], mention: "`enable_registration`", Fixture.minimal,
      "enable_registartion: true"),
    Case(
      .warning, ["wholly_unheard_of"], mention: "check its spelling", Fixture.minimal,
      "wholly_unheard_of: true"),
    Case(.warning, ["redis.hots"], mention: "`host`", Fixture.minimal, "redis: {hots: x}"),
    Case(
      .warning, ["bcrypt_rounds"], mention: "1.yaml:2", Fixture.minimal,
      "bcrypt_rounds: 5\nbcrypt_rounds: 6"),
    Case(.warning, ["log_config"], Fixture.minimal, "log_config: /nowhere/log.yaml"),
    Case(.error, ["--config-path"], mention: "1.yaml:2", Fixture.minimal, "a: 1\n b: 2"),
  ]

  @Test(arguments: values)
  func value(_ one: Case) throws { try check(one) }

  static let listeners: [Case] = [
    Case(
      .error, ["listeners[1].port", "listeners[0].port"], mention: "port 8008",
      Fixture.minimal, "listeners: [{type: http, port: 8008}, {type: metrics, port: 8008}]"),
    Case(
      .error, ["listeners[1].port", "listeners[0].port"], Fixture.minimal,
      """
      listeners:
        - {type: http, port: 1, bind_addresses: ['0.0.0.0']}
        - {type: http, port: 1, bind_address: 127.0.0.1}
      """),
    Case(
      .error, ["listeners[1].path", "listeners[0].path"], Fixture.minimal,
      "listeners: [{type: http, path: /run/x}, {type: http, path: /run/x}]"),
    Case(
      .error, ["listeners[0].tls", "tls_certificate_path"], Fixture.minimal,
      "listeners: [{type: http, port: 8448, tls: true}]"),
    Case(
      .error, ["tls_certificate_path"], mention: "/nowhere.pem", Fixture.minimal,
      "listeners: [{type: http, port: 8448, tls: true}]\ntls_certificate_path: /nowhere.pem\n"
        + "tls_private_key_path: /dev/null"),
    Case(
      .error, ["listeners[0].tls", "listeners[0].path"], Fixture.minimal,
      "listeners: [{type: http, path: /run/x, tls: true}]\ntls_certificate_path: /dev/null\n"
        + "tls_private_key_path: /dev/null"),
    Case(
      .error, ["listeners[0].port", "listeners[0].path"], mention: "neither", Fixture.minimal,
      "listeners: [{type: http}]"),
    Case(
      .error, ["listeners[0].port", "listeners[0].path"], mention: "both", Fixture.minimal,
      "listeners: [{type: http, port: 1, path: /run/x}]"),
    Case(
      .error, ["listeners[0].port"], mention: "0 to 65535", Fixture.minimal,
      "listeners: [{type: http, port: 65536}]"),
    Case(.error, ["listeners[0].type"], Fixture.minimal, "listeners: [{port: 1}]"),
    Case(
      .error, ["listeners[0].type"], mention: "htpp", Fixture.minimal,
      "listeners: [{type: htpp, port: 1}]"),
    Case(
      .warning, ["listeners[0].type"], mention: "manhole", Fixture.minimal,
      "listeners: [{type: manhole, port: 1}]"),
    Case(
      .error, ["listeners[0].resources[0].names"], mention: "`client`", Fixture.minimal,
      "listeners: [{type: http, port: 1, resources: [{names: [clients]}]}]"),
    Case(
      .error, ["listeners[0].mode"], Fixture.minimal,
      "listeners: [{type: http, path: /run/x, mode: 999}]"),
    Case(
      .warning, ["listeners[0].prot"], mention: "no effect", Fixture.minimal,
      "listeners: [{type: http, port: 1, prot: 2}]"),
    Case(
      .warning, ["listeners[0].resources", "listeners[0].bind_addresses"], Fixture.minimal,
      "listeners: [{type: http, port: 1, resources: [{names: [client, replication]}]}]"),
  ]

  @Test(arguments: listeners)
  func listener(_ one: Case) throws { try check(one) }

  @Test func allProblemsAreShownAtOnce() throws {
    let found = try problems("bcrypt_rounds: x\nwholly_unheard_of: 1\n")
    #expect(
      Set(found.errors.map(\.keys)) == [
        ["server_name"], ["signing_key_path"], ["database"], ["bcrypt_rounds"],
      ])
    #expect(found.warnings.map(\.keys) == [["wholly_unheard_of"]])
    let report = found.report()
    #expect(report.hasPrefix("error: "))
    #expect(report.components(separatedBy: "warning: ").count == 2)
  }
}
