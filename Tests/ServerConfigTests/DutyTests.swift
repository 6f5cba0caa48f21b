import TestKit
import Testing

@testable import ServerConfig

/// Who does what, by Synapse's keys of all ages.
struct DutyTests {
  private static let main = Fixture.minimal + Fixture.fleet

  @Test func aSingleProcessDoesEverything() throws {
    let config = try load(Fixture.minimal).config
    #expect(config.identity == .main)
    #expect(config.duties == Set(Duty.allCases))
    #expect(config.fleet.eventWriters == ["main"])
    #expect(!config.fleet.hasWorkers)
    #expect(config.assumedPools == [10])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let worker: String
    let lists: String
    let role: WorkerRole
    let duties: Set<Duty>
    var testDescription: String { "\(worker) \(lists)" }

    init(_ worker: String, _ lists: String, _ role: WorkerRole, _ duties: Set<Duty>) {
      self.worker = worker
      self.lists = lists
      self.role = role
      self.duties = duties
    }
  }

  static let cases: [Case] = [
    Case("apus.generic_worker", "", .genericWorker, [.serveClients]),
    Case("synapse.app.generic_worker", "", .genericWorker, [.serveClients]),
    Case("synapse.app.media_repository", "", .genericWorker, [.serveClients]),
    Case("synapse.app.frontend_proxy", "", .genericWorker, [.serveClients]),
    Case(
      "synapse.app.generic_worker", "federation_sender_instances: [generic1, writer1]",
      .genericWorker, [.serveClients, .sendFederation]),
    Case(
      "synapse.app.generic_worker",
      "pusher_instances: [generic1]\nrun_background_tasks_on: generic1",
      .genericWorker, [.serveClients, .push, .backgroundTasks]),
    Case(
      "synapse.app.generic_worker",
      "notify_appservices_from_worker: generic1\nupdate_user_directory_from_worker: generic1",
      .genericWorker, [.serveClients, .notifyApplicationServices, .updateUserDirectory]),
    Case(
      "synapse.app.federation_sender", "send_federation: false", .federationSender,
      [.sendFederation]),
    Case("synapse.app.pusher", "start_pushers: false", .pusher, [.push]),
    Case(
      "synapse.app.appservice", "notify_appservices: false", .genericWorker,
      [.serveClients, .notifyApplicationServices]),
    Case(
      "synapse.app.user_dir", "update_user_directory: false", .genericWorker,
      [.serveClients, .updateUserDirectory]),
    Case(
      "apus.federation_sender", "federation_sender_instances: [generic1]", .federationSender,
      [.sendFederation]),
    Case("apus.pusher", "pusher_instances: [generic1]", .pusher, [.push]),
    Case(
      "apus.background_tasks", "run_background_tasks_on: generic1", .backgroundTasks,
      [.backgroundTasks]),
  ]

  @Test(arguments: cases)
  func workers(_ one: Case) throws {
    let config = try load(Self.main, one.lists, Fixture.generic, "worker_app: \(one.worker)").config
    #expect(config.identity.role == one.role)
    #expect(config.identity.instanceName == "generic1")
    #expect(config.duties == one.duties)
  }

  @Test func writersAreNamedInOrder() throws {
    let lists = "stream_writers: {events: [writer1, main, generic1], to_device: [generic1]}"
    let listeners = """
      listeners: [{type: http, port: 9093, resources: [{names: [replication]}]}]
      """
    let config = try load(Self.main, lists, listeners).config
    #expect(config.fleet.eventWriters == ["writer1", "main", "generic1"])
    #expect(config.fleet.streamWriters[.toDevice] == ["generic1"])
    #expect(config.fleet.streamWriters[.typing] == ["main"])
    #expect(config.duties.contains(.writeEvents))
  }

  @Test func mainGivesUpWhatListsGiveAway() throws {
    let config = try load(
      Self.main,
      "federation_sender_instances: [generic1]\npusher_instances: [generic1]\n"
        + "run_background_tasks_on: generic1"
    ).config
    #expect(
      config.duties == [
        .migrate, .serveClients, .writeStreams, .notifyApplicationServices, .updateUserDirectory,
      ])
    #expect(config.fleet.federationSenders == ["generic1"])
    #expect(config.fleet.pushers == ["generic1"])
    #expect(config.fleet.backgroundTasksInstance == "generic1")
    #expect(config.fleet.workerNames == ["generic1", "writer1"])
    #expect(config.assumedPools == [10, 10, 10])
  }

  /// `master` was main's name.
  @Test func masterIsMain() throws {
    let listeners = "listeners: [{type: http, port: 9093, resources: [{names: [replication]}]}]"
    let config = try load(Self.main, "stream_writers: {events: master}", listeners).config
    #expect(config.fleet.eventWriters == ["main"])
  }

  @Test func aWorkerUsesItsOwnListenersAndLog() throws {
    let folder = try TemporaryFolder()
    let shared = try folder.write("log.yaml", "root: {level: ERROR}")
    let own = try folder.write(
      "worker-log.yaml",
      """
      version: 1
      formatters: {json: {class: synapse.logging.TerseJsonFormatter}}
      handlers: {file: {class: logging.FileHandler, filename: /var/log/w.log}}
      root: {level: DEBUG, handlers: [file]}
      """)
    let text = Self.main + "log_config: \(shared)\n"
    let worker = try load(text, Fixture.generic, "worker_log_config: \(own)").config
    #expect(worker.listeners.map(\.name) == ["worker_listeners[0]"])
    #expect(worker.logging.level == .debug)
    #expect(worker.logging.format == .json)
    #expect(worker.logging.file == "/var/log/w.log")
    #expect(try load(text, Fixture.generic).config.logging.level == .error)

    let main = try load(text).config
    #expect(main.listeners.map(\.name) == ["listeners[0]"])
    #expect(main.logging.level == .error)
    #expect(main.logging.format == .text)
    try folder.write("log.yaml", "root: {level: WARNING}")
    #expect(main.logging.reloaded()?.level == .warning)
    try folder.write("log.yaml", "root: [")
    #expect(main.logging.reloaded() == nil)
  }
}
