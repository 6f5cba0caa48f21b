import ArgumentParser
import ServerConfig
import WorkerRuntime

@main
struct GenericWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-generic-worker",
    abstract: "Serves clients and other servers. Any number can run.", version: ApusVersion.text)

  @OptionGroup var options: WorkerOptions

  func run() {
    WorkerProcess.run(.genericWorker, options)
  }
}
