import ArgumentParser
import WorkerRuntime

@main
struct Program: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apusctl",
    abstract: "Sets up and looks after an Apus homeserver.",
    version: ApusVersion.text,
    subcommands: [
      ConfigCommand.self, GenerateCommand.self, HashPasswordCommand.self,
      RegisterUserCommand.self, NginxCommand.self, SystemdCommand.self, RoutesCommand.self,
      ExecWorkerCommand.self,
    ])
}
