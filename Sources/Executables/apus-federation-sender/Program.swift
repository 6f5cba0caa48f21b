import ArgumentParser
import ServerConfig
import WorkerRuntime

@main
struct FederationSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-federation-sender", abstract: "Sends events to other servers.",
    version: ApusVersion.text)

  @OptionGroup var options: WorkerOptions

  func run() {
    WorkerProcess.run(.federationSender, options)
  }
}
