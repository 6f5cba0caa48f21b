import ArgumentParser
import ServerConfig
import WorkerRuntime

@main
struct Pusher: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-pusher", abstract: "Notifies devices of new events.",
    version: ApusVersion.text)

  @OptionGroup var options: WorkerOptions

  func run() {
    WorkerProcess.run(.pusher, options)
  }
}
