import ArgumentParser
import MatrixCrypto
import ServerConfig

struct HashPasswordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hash-password",
    abstract: "Hashes a password the way the server stores it.",
    discussion: "The password is read from standard input.")

  @OptionGroup var config: ConfigOptions

  @Option(help: "bcrypt's cost; the configuration's bcrypt_rounds, or 12.")
  var rounds: Int?

  @Option(help: "password_config.pepper, where no configuration is given.")
  var pepper: String?

  private static let defaultRounds = 12

  func validate() throws {
    if let rounds, !PasswordHash.roundsRange.contains(rounds) {
      throw ValidationError("--rounds must be from 4 to 31")
    }
  }

  func run() async throws {
    var accounts: AccountsSection?
    if !config.configPath.isEmpty {
      do throws(ConfigFailure) {
        accounts = try HomeserverConfig.load(paths: config.configPath).config.accounts
      } catch {
        throw Failure(error.description)
      }
    }
    let password = try Terminal.newPassword()
    print(
      try PasswordHash.hash(
        password: password, pepper: pepper ?? accounts?.passwords.pepper ?? "",
        rounds: rounds ?? accounts?.bcryptRounds ?? Self.defaultRounds))
  }
}
