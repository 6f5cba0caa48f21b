import ArgumentParser
import ServerConfig
import WorkerRuntime

@main
struct BackgroundTasks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-background-tasks", abstract: "Runs scheduled and long tasks.",
    version: ApusVersion.text)

  @OptionGroup var options: WorkerOptions

  func run() {
    WorkerProcess.run(.backgroundTasks, options)
  }
}
