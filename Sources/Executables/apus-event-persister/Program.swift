import ArgumentParser
import ServerConfig
import WorkerRuntime

@main
struct EventPersister: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-event-persister",
    abstract: "Builds, authorises and writes the events of its rooms.", version: ApusVersion.text)

  @OptionGroup var options: WorkerOptions

  func run() {
    WorkerProcess.run(.eventPersister, options)
  }
}
