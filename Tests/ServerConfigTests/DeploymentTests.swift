import Foundation
import TestKit
import Testing

@testable import ServerConfig

/// What is generated for nginx and systemd, judged by nginx and systemd.
struct DeploymentTests {
  static let routes = [
    RouteSummary(
      method: "GET", patterns: ["/_matrix/client/v3/sync", "/_matrix/client/r0/sync"],
      balancing: .user, longestWait: .seconds(180), servedBy: [.main, .genericWorker]),
    RouteSummary(
      method: "GET", patterns: ["/_matrix/client/v3/joined_rooms"], balancing: .user,
      servedBy: [.main, .genericWorker]),
    RouteSummary(
      method: "PUT", patterns: ["/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}"],
      balancing: .room, servedBy: [.main, .genericWorker]),
    RouteSummary(
      method: "PUT", patterns: ["/_matrix/federation/v1/send/{txnId}"], balancing: .origin,
      servedBy: [.main, .genericWorker]),
    RouteSummary(
      method: "GET", patterns: ["/_matrix/client/versions"], balancing: .none,
      servedBy: [.main, .genericWorker]),
    RouteSummary(
      method: "POST", patterns: ["/_synapse/admin/v1/main_only"], balancing: .none,
      servedBy: [.main]),
  ]

  private let workers = [
    NginxConfiguration.Upstream(
      name: "generic_worker1", address: .tcp(host: "127.0.0.1", port: 8081, usesTLS: false)),
    NginxConfiguration.Upstream(name: "generic_worker2", address: .unix(path: "/run/apus/w2.sock")),
    NginxConfiguration.Upstream(
      name: "generic_worker3", address: .tcp(host: "::1", port: 8083, usesTLS: false)),
  ]
  private let main = NginxConfiguration.Upstream(
    name: "main", address: .tcp(host: "127.0.0.1", port: 8008, usesTLS: false))

  @Test(arguments: [
    ("/_matrix/client/versions", "^/_matrix/client/versions$"),
    ("/a.b/{x}", "^/a\\.b/[^/]*$"),
    ("/rooms/{roomId}/state/{type}/{key}", "^/rooms/(?<apus_room>[^/]*)/state/[^/]*/[^/]*$"),
    ("/join/{roomIdOrAlias}", "^/join/(?<apus_room>[^/]*)$"),
    ("/{roomId}/{roomAlias}", "^/(?<apus_room>[^/]*)/[^/]*$"),
    ("/state/", "^/state/$"),
  ])
  func patternsBecomeExpressions(pattern: String, regex: String) {
    #expect(RoutePattern.regex(pattern) == regex)
  }

  @Test(arguments: [
    (["/c/v3/sync", "/c/r0/sync"], ["^/c/(?:v3|r0)/sync$"]),
    (["/c/v3/a/{x}", "/c/r0/a/{x}", "/c/v1/a/{x}"], ["^/c/(?:v3|r0|v1)/a/[^/]*$"]),
    (["/c/v3/{x}/b", "/c/v3/a/b"], ["^/c/v3/[^/]*/b$", "^/c/v3/a/b$"]),
    (["/c/v3/a", "/c/v3/b"], ["^/c/v3/a$", "^/c/v3/b$"]),
    (["/c/v3/a", "/d/r0/a"], ["^/c/v3/a$", "^/d/r0/a$"]),
    (["/c/v3/a/{x}", "/c/v3/a"], ["^/c/v3/a/[^/]*$", "^/c/v3/a$"]),
  ])
  func versionsShareAnExpression(patterns: [String], regexes: [String]) {
    #expect(RoutePattern.regexes(patterns) == regexes)
  }

  @Test func requestsAreSentByTheirRoute() {
    let text = NginxConfiguration.render(routes: Self.routes, workers: workers, main: main)
    for line in [
      "\"~^(?:GET|HEAD) /_matrix/client/(?:v3|r0)/sync$\" apus_by_user;",
      "\"~^PUT /_matrix/client/v3/rooms/(?<apus_room>[^/]*)/send/[^/]*/[^/]*$\" apus_by_room;",
      "\"~^PUT /_matrix/federation/v1/send/[^/]*$\" apus_by_origin;",
      "\"~^POST /_synapse/admin/v1/main_only$\" apus_main;",
      "default apus_in_turn;", "hash $apus_user consistent;", "hash $apus_room consistent;",
      "server 127.0.0.1:8081 ", "server unix:/run/apus/w2.sock ", "server [::1]:8083 ",
      "location ~ \"^/_matrix/client/(?:v3|r0)/sync$\" {", "proxy_read_timeout 240s;",
      "client_max_body_size 52428800;",
    ] {
      #expect(text.contains(line), "\(line) in\n\(text)")
    }
    #expect(!text.contains("versions"))
    // Only what waits for news has a place of its own.
    #expect(text.ranges(of: "location ~").count == 1)
  }

  @Test func withoutWorkersMainGetsEverything() throws {
    let text = NginxConfiguration.render(routes: Self.routes, workers: [], main: main)
    #expect(!text.contains("8081"))
    #expect(text.contains("server 127.0.0.1:8008 "))
    try expectNginxAccepts(text)
  }

  @Test func nginxAcceptsIt() throws {
    try expectNginxAccepts(
      NginxConfiguration.render(routes: Self.routes, workers: workers, main: main))
  }

  @Test func nginxAcceptsTheFleetOfTheRepository() throws {
    let folder = try TemporaryFolder()
    try folder.write("signing.key", Fixture.signingKey)
    var template = ConfigTemplate(serverName: "example.org", dataFolder: folder.path)
    template.withWorkers = true
    for key in ConfigTemplate.secrets { try folder.write(key, "secret") }
    let file = try folder.write("homeserver.yaml", template.text)
    let path = repositoryPath + "/workers"
    let fleet = try Fleet.load(shared: [file, path + "/shared.yaml"], workers: [path])
    let text = NginxConfiguration.render(routes: Self.routes, fleet: fleet)
    #expect(text.contains("server 127.0.0.1:8081 "))
    #expect(text.contains("server 127.0.0.1:8082 "))
    #expect(!text.contains("9103"))
    try expectNginxAccepts(text)
  }

  @Test func theShippedSampleIsAccepted() throws {
    let path = repositoryPath + "/deploy/nginx/apus.conf"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("server 127.0.0.1:8082 "))
    #expect(text.contains("/sync$\" apus_by_user;"))
    try expectNginxAccepts(text)
  }

  /// The test fails with a broken text, so that it says something about a sound one.
  @Test func nginxRefusesABrokenText() throws {
    let text = NginxConfiguration.render(routes: Self.routes, workers: workers, main: main)
    let result = try testWithNginx(text.replacing("location /", with: "lcation /"))
    #expect(result.status != 0)
  }

  private func expectNginxAccepts(_ text: String) throws {
    let result = try testWithNginx(text)
    #expect(result.status == 0, "\(result.output)\n\(text)")
    #expect(!result.output.contains("[warn]"), "\(result.output)")
  }

  /// On a port that needs no rights, with every file in a folder of its own.
  private func testWithNginx(_ text: String) throws -> ToolResult {
    let folder = try TemporaryFolder()
    let http = text.replacing("listen [::]:80;", with: "").replacing(
      "listen 80;", with: "listen 18999;")
    let file = try folder.write("nginx.conf", nginxFile(folder, http))
    let arguments = ["-t", "-p", folder.path, "-c", file, "-e", "stderr"]
    return try runTool("nginx", package: "nginx-light", arguments)
  }

  @Test func systemdAcceptsTheUnits() throws {
    let folder = try TemporaryFolder()
    try folder.writeExecutable("bin/apus-main")
    try folder.writeExecutable("bin/apusctl")
    var units = SystemdUnits()
    units.binaryFolder = folder.path + "/bin"
    let files = try units.all.map { try folder.write("units/\($0.name)", $0.text) }
    let instance = try folder.write(
      "units/apus-worker@generic_worker1.service", units.all[2].text)
    for file in files.filter({ !$0.contains("@") }) + [instance] {
      let result = try runTool("systemd-analyze", package: "systemd", ["verify", file])
      #expect(result.status == 0, "\(file): \(result.output)")
      #expect(!result.output.contains(folder.path), "\(result.output)")
    }
  }

  @Test func systemdRefusesABrokenUnit() throws {
    let folder = try TemporaryFolder()
    let text = SystemdUnits().all[1].text.replacing("Restart=always", with: "Restart=sometimes")
    let file = try folder.write("apus-main.service", text)
    let result = try runTool("systemd-analyze", package: "systemd", ["verify", file])
    #expect(result.output.contains("sometimes"))
  }

  @Test func theShippedUnitsAreTheGeneratedOnes() throws {
    for unit in SystemdUnits().all {
      let path = "\(repositoryPath)/deploy/systemd/\(unit.name)"
      let shipped = try String(contentsOfFile: path, encoding: .utf8)
      #expect(shipped == unit.text, "make it again with `apusctl systemd -o deploy/systemd`")
    }
  }

  @Test(arguments: [
    ("apus.generic_worker", "apus-generic-worker"), ("synapse.app.pusher", "apus-pusher"),
    ("apus.event_persister", "apus-event-persister"),
    ("apus.background_tasks", "apus-background-tasks"),
    ("synapse.app.federation_sender", "apus-federation-sender"),
  ])
  func aWorkersFileChoosesItsProgram(app: String, program: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("w.yaml", "worker_app: \(app)\nworker_name: w\n")
    let launch = try WorkerLaunch.plan(
      workerFile: file, shared: ["/etc/apus/homeserver.yaml"], folder: "/usr/bin")
    #expect(launch.executable == "/usr/bin/\(program)")
    #expect(
      launch.arguments == [
        "/usr/bin/\(program)", "--config-path", "/etc/apus/homeserver.yaml", "--config-path", file,
      ])
  }

  @Test(arguments: ["worker_name: w", "worker_app: apus.unknown", "worker_app: [a]"])
  func aFileWithoutAProgramIsRefused(text: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("w.yaml", text)
    let failure = #expect(throws: ConfigFailure.self) {
      try WorkerLaunch.plan(workerFile: file, shared: [], folder: "/usr/bin")
    }
    #expect(failure?.problems.map(\.keys) == [["worker_app"]])
  }
}
