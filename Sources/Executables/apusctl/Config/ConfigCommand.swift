import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Checks and generates configuration files.",
    subcommands: [ConfigCheckCommand.self, ConfigGenerateCommand.self])
}
