import ArgumentParser
import ServerConfig
import WorkerRuntime

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-main", abstract: "The main process: alone it is a whole homeserver.",
    version: ApusVersion.text)

  @OptionGroup var options: WorkerOptions

  func run() {
    WorkerProcess.run(.main, options)
  }
}
