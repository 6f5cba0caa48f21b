import TestKit
import Testing

@testable import ServerConfig

/// All files of a server side by side.
struct FleetTests {
  private let folder: TemporaryFolder
  private let shared: String

  init() throws {
    folder = try TemporaryFolder()
    shared = try folder.write("homeserver.yaml", Fixture.minimal + Fixture.fleet)
  }

  private func check(_ workers: String...) throws -> [ConfigProblem] {
    var files: [String] = []
    for (index, text) in workers.enumerated() {
      files.append(try folder.write("w\(index).yaml", text))
    }
    do {
      return try Fleet.load(shared: [shared], workers: files).warnings
    } catch let failure {
      return failure.problems
    }
  }

  @Test func aSoundFleet() throws {
    #expect(try check(Fixture.writer, Fixture.generic).isEmpty)
  }

  @Test func twoWorkersOfOneName() throws {
    let other = Fixture.generic.replacing("8081", with: "8082")
    let found = try check(Fixture.writer, Fixture.generic, other)
    #expect(found.map(\.keys) == [["worker_name"]])
    #expect(found.errors.count == 1)
    #expect(found.report().contains("w1.yaml"))
  }

  @Test func aWorkerThatIsNamedButHasNoFile() throws {
    let found = try check(Fixture.generic)
    #expect(found.errors.map(\.keys) == [["stream_writers.events", "worker_name"]])
    #expect(found.warnings.map(\.keys) == [["instance_map.writer1", "worker_name"]])
  }

  @Test func twoProcessesOnOnePort() throws {
    let found = try check(Fixture.writer, Fixture.generic.replacing("8081", with: "9101"))
    #expect(found.map(\.keys) == [["worker_listeners[0].port", "worker_listeners[0].port"]])
    #expect(found.report().contains("generic1 and writer1 both ask for port 9101"))
    let withMain = try check(Fixture.writer, Fixture.generic.replacing("8081", with: "8008"))
    #expect(withMain.map(\.keys) == [["worker_listeners[0].port", "listeners[0].port"]])
  }

  @Test func aPortMayBeUsedOnceOnEachHost() throws {
    try folder.write(
      "homeserver.yaml",
      (Fixture.minimal + Fixture.fleet).replacing(
        "generic1: {host: 127.0.0.1", with: "generic1: {host: 10.0.0.2"))
    #expect(
      try check(Fixture.writer, Fixture.generic.replacing("8081", with: "9101")).isEmpty)
  }

  @Test func problemsOfEveryFileAreShown() throws {
    let found = try check(
      Fixture.writer + "bcrypt_rounds: x\n", Fixture.generic + "session_lifetime: x\n")
    #expect(found.errors.map(\.keys) == [["bcrypt_rounds"], ["session_lifetime"]])
  }

  /// The example that the repository ships, with a generated server file.
  @Test func theShippedWorkers() throws {
    let folder = try TemporaryFolder()
    var template = ConfigTemplate(serverName: "example.org", dataFolder: folder.path)
    template.withWorkers = true
    try folder.write("signing.key", Fixture.signingKey)
    for key in ConfigTemplate.secrets { try folder.write(key, "secret") }
    let main = try folder.write("homeserver.yaml", template.text)
    let workers = repositoryPath + "/workers"
    let fleet: Fleet
    do {
      fleet = try Fleet.load(shared: [main, workers + "/shared.yaml"], workers: [workers])
    } catch let failure {
      Issue.record("\(failure)")
      return
    }
    #expect(fleet.warnings.isEmpty, "\(fleet.warnings.report())")
    #expect(
      fleet.workers.map(\.config.identity.role) == [
        .backgroundTasks, .eventPersister, .eventPersister, .federationSender, .federationSender,
        .genericWorker, .genericWorker, .pusher,
      ])
    for worker in fleet.workers {
      #expect(worker.config.listeners.contains { $0.kind == .http }, "\(worker.file)")
      #expect(worker.config.listeners.contains { $0.kind == .metrics }, "\(worker.file)")
      #expect(
        worker.config.identity.instanceName + ".yaml" == worker.file.split(separator: "/").last!)
    }
    #expect(
      PostgresChecks.connections(pools: fleet.pools, maxConnections: 100, reserved: 3).isEmpty)
  }

  @Test(arguments: [true, false])
  func aGeneratedFileIsAWholeServer(openRegistration: Bool) throws {
    let folder = try TemporaryFolder()
    var template = ConfigTemplate(serverName: "o'hara.example", dataFolder: folder.path + "/it's")
    template.openRegistration = openRegistration
    try folder.write("it's/signing.key", Fixture.signingKey)
    for key in ConfigTemplate.secrets { try folder.write("it's/\(key)", "secret") }
    // The quote is legal in YAML and paths, not in a server name.
    let text = template.text.replacing("o''hara", with: "ohara")
    let main = try folder.write("homeserver.yaml", text)
    let loaded = try HomeserverConfig.load(paths: [main])
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.config.accounts.registrationEnabled == openRegistration)
    #expect(loaded.config.media.storePath == folder.path + "/it's/media")
    #expect(loaded.config.duties == Set(Duty.allCases))
  }
}
