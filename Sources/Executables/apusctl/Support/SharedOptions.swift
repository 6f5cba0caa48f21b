import ArgumentParser
import ServerConfig

/// The files that describe a server.
struct ConfigOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp(
      "A configuration file, or a folder of them; may be given several times.", valueName: "path"))
  var configPath: [String] = []
}

/// The files of a server and of its workers.
struct FleetOptions: ParsableArguments {
  @OptionGroup var config: ConfigOptions

  @Option(
    name: [.customShort("w"), .long], parsing: .upToNextOption,
    help: ArgumentHelp(
      "The workers' own files, or a folder of them (files without `worker_app` are passed over).",
      valueName: "path"))
  var workers: [String] = []

  func validate() throws {
    if config.configPath.isEmpty {
      throw ValidationError("give at least one configuration file: -c homeserver.yaml")
    }
  }

  func load() throws -> Fleet {
    do throws(ConfigFailure) {
      return try Fleet.load(shared: config.configPath, workers: workers)
    } catch {
      throw Failure(error.description)
    }
  }
}
