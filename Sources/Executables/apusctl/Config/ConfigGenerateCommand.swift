import ArgumentParser
import MatrixCrypto
import MatrixIdentifiers
import ServerConfig

struct ConfigGenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Writes homeserver.yaml, the secrets and the signing key of a new server.",
    discussion: "What is there already is kept, so that the command can be repeated.")

  @Option(help: "The part of user ids after the colon. It can never be changed.")
  var serverName: String

  @Option(
    help: ArgumentHelp("The folder for the key, the secrets and the media.", valueName: "folder"))
  var dataDir: String

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Where to write the configuration; homeserver.yaml in the data folder by default.",
      valueName: "file"))
  var output: String?

  @Option(help: "The database's name.")
  var databaseName = "apus"

  @Option(help: "The database's user.")
  var databaseUser = "apus"

  @Option(help: "The database's host, or the folder of its unix socket.")
  var databaseHost = "/var/run/postgresql"

  @Flag(help: "Let anyone register, without any verification.")
  var openRegistration = false

  @Flag(help: "Add main's listener for workers.")
  var withWorkers = false

  private static let secretLetters = 48

  func validate() throws {
    guard ServerName(serverName) != nil else {
      throw ValidationError("\(serverName) is not a server name: use a DNS name, without https://")
    }
  }

  func run() async throws {
    let folder = try Files.absolute(dataDir)
    var template = ConfigTemplate(serverName: serverName, dataFolder: folder)
    template.databaseName = databaseName
    template.databaseUser = databaseUser
    template.databaseHost = databaseHost
    template.openRegistration = openRegistration
    template.withWorkers = withWorkers
    try Files.makeFolder(folder)
    try write(try SigningKey.generate().fileText, to: template.signingKeyPath, Files.secretMode)
    for key in ConfigTemplate.secrets {
      let secret = SecureRandom.string(Self.secretLetters) + "\n"
      try write(secret, to: template.secretPath(key), Files.secretMode)
    }
    try write(template.text, to: output ?? "\(folder)/homeserver.yaml", Files.plainMode)
  }

  private func write(_ text: String, to path: String, _ mode: UInt32) throws {
    if Files.exists(path) {
      print("kept     \(path)")
    } else {
      try Files.write(text, to: path, mode: mode)
      print("written  \(path)")
    }
  }
}
