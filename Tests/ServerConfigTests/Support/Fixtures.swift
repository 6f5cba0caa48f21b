import TestKit

@testable import ServerConfig

/// Configuration texts that tests put together.
enum Fixture {
  static let signingKey = "ed25519 a_test " + String(repeating: "A", count: 43)

  /// The least that a single process needs.
  static let minimal = """
    server_name: example.org
    signing_key: \(signingKey)
    database: {name: postgres, args: {dbname: apus}}
    listeners:
      - {type: http, port: 8008, resources: [{names: [client, federation]}]}

    """

  /// What a fleet adds for all processes.
  static let fleet = """
    redis: {enabled: true}
    worker_replication_secret: between us
    instance_map:
      main: {host: 127.0.0.1, port: 9093}
      writer1: {host: 127.0.0.1, port: 9101}
      generic1: {host: 127.0.0.1, port: 9102}
    stream_writers: {events: writer1}

    """

  static let writer = """
    worker_app: apus.event_persister
    worker_name: writer1
    worker_listeners:
      - {type: http, port: 9101, resources: [{names: [replication]}]}

    """

  static let generic = """
    worker_app: apus.generic_worker
    worker_name: generic1
    worker_listeners:
      - {type: http, port: 8081, resources: [{names: [client, federation]}]}

    """

  /// Removes a top-level line, to see what its absence does.
  static func without(_ key: String, in text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix("\(key):") }.joined(separator: "\n")
  }
}

/// Loads texts as if each were a file, in their order.
func load(_ texts: String..., for role: WorkerRole? = nil) throws -> LoadedConfig {
  let folder = try TemporaryFolder()
  var files: [String] = []
  for (index, text) in texts.enumerated() {
    files.append(try folder.write("\(index).yaml", text))
  }
  return try HomeserverConfig.load(paths: files, for: role)
}

/// Everything that is wrong with the texts, warnings included.
func problems(_ texts: String..., for role: WorkerRole? = nil) throws -> [ConfigProblem] {
  let folder = try TemporaryFolder()
  var files: [String] = []
  for (index, text) in texts.enumerated() {
    files.append(try folder.write("\(index).yaml", text))
  }
  do {
    return try HomeserverConfig.load(paths: files, for: role).warnings
  } catch let failure {
    return failure.problems
  }
}
