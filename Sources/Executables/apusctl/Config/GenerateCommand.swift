import ArgumentParser
import MatrixCrypto

struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Generates keys.",
    subcommands: [GenerateSigningKeyCommand.self])
}

struct GenerateSigningKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signing-key",
    abstract: "Makes a signing key, for `signing_key_path`.",
    discussion: "A server keeps its key for ever: an existing file is never overwritten.")

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The new file; standard output by default.", valueName: "file"))
  var output: String?

  func run() async throws {
    let key = try SigningKey.generate()
    if let output {
      try Files.write(key.fileText, to: output, mode: Files.secretMode)
      print("written  \(output) (\(key.keyID))")
    } else {
      print(key.fileText, terminator: "")
    }
  }
}
