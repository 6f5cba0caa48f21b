package import ArgumentParser

/// The command line of every server process, the same as Synapse's.
package struct WorkerOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp(
      "A configuration file, or a folder of them. Give it again for a worker's own file: "
        + "later files add to and replace what earlier ones say.",
      valueName: "file"))
  package var configPath: [String] = []

  package init() {}

  package func validate() throws {
    if configPath.isEmpty {
      throw ValidationError("give at least one configuration file: --config-path homeserver.yaml")
    }
  }
}
