import Testing

@testable import ServerConfig

/// Contradictions in how work is divided between processes.
struct FleetProblemTests {
  typealias Case = ProblemTests.Case

  /// Main of a fleet, with what its writers and workers need of it.
  private static let main = Fixture.minimal + Fixture.fleet

  static let cases: [Case] = [
    Case(
      .error, ["stream_writers.events", "instance_map"], mention: "`writer1`", main,
      "stream_writers: {events: [writer1, writr1]}"),
    Case(
      .error, ["stream_writers.typing", "instance_map"], mention: "nobody", main,
      "stream_writers: {events: writer1, typing: nobody}"),
    Case(
      .error, ["stream_writers.typing"], mention: "one writer", main,
      "stream_writers: {events: writer1, typing: [writer1, generic1]}"),
    Case(
      .error, ["stream_writers.events"], mention: "Nobody", main, "stream_writers: {events: []}"),
    Case(
      .error, ["stream_writers.events"], mention: "twice", main,
      "stream_writers: {events: [writer1, writer1]}"),
    Case(
      .warning, ["stream_writers.event"], mention: "no effect", main,
      "stream_writers: {events: writer1, event: generic1}"),
    Case(
      .error, ["federation_sender_instances", "instance_map"], mention: "sender9", main,
      "federation_sender_instances: [generic1, sender9]"),
    Case(
      .error, ["pusher_instances", "instance_map"], mention: "pusher9", main,
      "pusher_instances: [pusher9]"),
    Case(
      .error, ["run_background_tasks_on", "instance_map"], mention: "`generic1`", main,
      "run_background_tasks_on: generic2"),
    Case(
      .error, ["send_federation", "federation_sender_instances"], main,
      "send_federation: true\nfederation_sender_instances: [generic1]"),
    Case(
      .error, ["start_pushers", "pusher_instances"], main,
      "start_pushers: true\npusher_instances: [generic1]"),
    Case(
      .error, ["notify_appservices", "notify_appservices_from_worker"], main,
      "notify_appservices: true\nnotify_appservices_from_worker: generic1"),
    Case(
      .error, ["update_user_directory", "update_user_directory_from_worker"], main,
      "update_user_directory: true\nupdate_user_directory_from_worker: generic1"),
    Case(
      .warning, ["send_federation", "federation_sender_instances"], mention: "no worker", main,
      "send_federation: false"),
    Case(.warning, ["pusher_instances", "pusher_instances"], main, "pusher_instances: []"),
    Case(.error, ["instance_map", "redis.enabled"], main, "redis: {enabled: false}"),
    Case(
      .error, ["instance_map", "worker_replication_secret"],
      Fixture.without("worker_replication_secret", in: main)),
    Case(
      .error, ["instance_map.writer1.port"], mention: "missing", main,
      "instance_map: {main: {host: a, port: 1}, generic1: {host: b, port: 1}, writer1: {host: c}}"),
    Case(
      .error, ["instance_map.generic1", "instance_map.writer1"], mention: "one place", main,
      "instance_map: {main: {path: /a}, generic1: {path: /b}, writer1: {path: /b}}"),
  ]

  @Test(arguments: cases)
  func inMain(_ one: Case) throws { try ProblemTests().check(one) }

  static let workerCases: [Case] = [
    Case(.error, ["worker_app", "worker_name"], main, Fixture.generic, "worker_name: ~"),
    Case(
      .error, ["worker_name", "worker_app"], mention: "no `worker_app`", main,
      "worker_name: generic1"),
    Case(
      .error, ["worker_name", "worker_app"], mention: "main process's name", main,
      Fixture.generic, "worker_name: main"),
    Case(.error, ["worker_name", "worker_app"], main, Fixture.generic, "worker_name: master"),
    Case(
      .error, ["worker_name"], mention: "characters", main, Fixture.generic,
      "worker_name: 'a b'"),
    Case(
      .error, ["worker_app"], mention: "`apus.generic_worker`", main, Fixture.generic,
      "worker_app: apus.generic_workr"),
    Case(
      .error, ["worker_app", "redis.enabled"], Fixture.minimal,
      "worker_replication_secret: x\ninstance_map: {main: {path: /a}}", Fixture.generic),
    Case(
      .error, ["worker_app", "worker_replication_secret"], Fixture.minimal,
      "redis: {enabled: true}\ninstance_map: {main: {path: /a}}", Fixture.generic),
    Case(
      .error, ["instance_map", "worker_app"], mention: "where main answers", main,
      Fixture.generic, "instance_map: {writer1: {path: /a}}"),
    Case(.warning, ["worker_listeners"], main, Fixture.generic, "worker_listeners: []"),
    Case(
      .error, ["worker_app", "stream_writers.events"], mention: "gives it no stream", main,
      Fixture.writer, "worker_name: writer2"),
    Case(
      .error, ["worker_app", "stream_writers.events"], mention: "cannot do that", main,
      Fixture.writer, "worker_app: apus.generic_worker\nworker_name: generic1",
      "worker_app: apus.pusher\nworker_name: writer1\npusher_instances: [writer1]"),
    Case(
      .error, ["worker_app", "federation_sender_instances"], mention: "main does too", main,
      Fixture.generic, "worker_app: apus.federation_sender"),
    Case(
      .error, ["worker_app", "federation_sender_instances"], mention: "does not name it", main,
      Fixture.generic,
      "worker_app: apus.federation_sender\nfederation_sender_instances: [writer1]"),
    Case(
      .warning, ["worker_app", "federation_sender_instances"], mention: "does not name it", main,
      Fixture.generic,
      "worker_app: synapse.app.federation_sender\nfederation_sender_instances: [writer1]"),
    Case(
      .error, ["worker_listeners", "stream_writers"], mention: "replication", main,
      Fixture.writer, "worker_listeners: [{type: http, port: 9101}]"),
    Case(
      .warning, ["instance_map.writer1", "worker_listeners"], main, Fixture.writer,
      "worker_listeners: [{type: http, port: 9111, resources: [{names: [replication]}]}]"),
    Case(
      .warning, ["worker_main_http_uri"], main, Fixture.generic,
      "worker_app: synapse.app.frontend_proxy\nworker_main_http_uri: http://127.0.0.1:8008"),
    Case(
      .warning, ["worker_replication_host", "instance_map"], main, Fixture.generic,
      "instance_map: {writer1: {host: h, port: 2}}\nworker_replication_host: main.local\n"
        + "worker_replication_http_port: 9093"),
  ]

  @Test(arguments: workerCases)
  func inWorkers(_ one: Case) throws { try ProblemTests().check(one) }

  @Test func theExecutableMustFitTheFile() throws {
    let found = try problems(Self.main, Fixture.generic, for: .main)
    #expect(found.map(\.keys) == [["worker_app", "--config-path"]])
    #expect(found.report().contains("apus-generic-worker"))
    #expect(try problems(Self.main, Fixture.generic, for: .genericWorker).isEmpty)
  }

  /// Synapse's manual puts the writers only into `instance_map`; its files must start.
  @Test func sendersMayBeMissingFromAMapThatHasWritersOnly() throws {
    let found = try problems(
      Self.main,
      "instance_map: {main: {path: /a}, writer1: {path: /b}}\n"
        + "federation_sender_instances: [sender1]")
    #expect(found.map(\.keys) == [["federation_sender_instances", "instance_map"]])
    #expect(found.errors.isEmpty)
  }
}
