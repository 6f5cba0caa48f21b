import ArgumentParser
import ServerConfig

struct SystemdCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "systemd",
    abstract: "Prints or writes the systemd units.",
    discussion: """
      One target, one unit for main and one template for all workers: the instance's name is \
      the name of the worker's file. With --workers the commands that enable them are shown.
      """)

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Write the units into this folder, for example /etc/systemd/system.", valueName: "folder"))
  var output: String?

  @Option(help: ArgumentHelp("Where the programs are.", valueName: "folder"))
  var binaries = "/usr/bin"

  @Option(help: ArgumentHelp("Where homeserver.yaml and workers/ are.", valueName: "folder"))
  var configFolder = "/etc/apus"

  @Option(help: "The user and group that the server runs as.")
  var user = "apus"

  @Option(
    name: [.customShort("w"), .long], parsing: .upToNextOption,
    help: ArgumentHelp("The workers' files, or a folder of them.", valueName: "path"))
  var workers: [String] = []

  func run() async throws {
    var units = SystemdUnits()
    units.binaryFolder = binaries
    units.configFolder = configFolder
    units.user = user
    for unit in units.all {
      if let output {
        try Files.write(
          unit.text, to: "\(output)/\(unit.name)", mode: Files.plainMode, replacing: true)
        print("written  \(output)/\(unit.name)")
      } else {
        print("# ---- \(unit.name)\n\(unit.text)")
      }
    }
    try printSteps()
  }

  private func printSteps() throws {
    let files: [String]
    do throws(ConfigFailure) {
      files = try Fleet.workerFiles(workers)
    } catch {
      throw Failure(error.description)
    }
    let names = files.map { $0.split(separator: "/").last ?? "" }.map { $0.dropLast(".yaml".count) }
    print("# useradd --system --home-dir /var/lib/apus --shell /usr/sbin/nologin \(user)")
    print("# systemctl daemon-reload")
    print("# systemctl enable apus.target apus-main.service")
    for name in names { print("# systemctl enable apus-worker@\(name).service") }
    print("# systemctl start apus.target")
  }
}
