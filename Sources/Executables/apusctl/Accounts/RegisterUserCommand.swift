import ArgumentParser
import Executors
import HTTPFetching
import NIOCore
import NIOPosix
import ServerConfig

struct RegisterUserCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "register-user",
    abstract: "Makes an account on a running server.",
    discussion: """
      Works with closed registration too: the server's registration_shared_secret proves the \
      right to it. Without --password the password is asked for, or read from standard input.
      """)

  @Argument(help: "The new user's name, without @ and server.")
  var user: String

  @OptionGroup var config: ConfigOptions

  @Option(help: "The server's address: http(s)://HOST:PORT or unix:/PATH.")
  var url = "http://127.0.0.1:8008"

  @Option(help: "registration_shared_secret, where no configuration is given.")
  var sharedSecret: String?

  @Option(help: "The new user's password.")
  var password: String?

  @Flag(help: "Make the user an administrator of the server.")
  var admin = false

  func validate() throws {
    if sharedSecret == nil, config.configPath.isEmpty {
      throw ValidationError("give the server's configuration with -c, or --shared-secret")
    }
  }

  func run() async throws {
    guard let endpoint = Endpoint(url: url) else {
      throw Failure("\(url) is not an address such as http://127.0.0.1:8008")
    }
    let secret = try findSecret()
    let password = try self.password ?? Terminal.newPassword()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = HTTPClient(executor: LoopExecutor(loop: group.next()))
    let registration = SharedSecretClient(client: client, endpoint: endpoint, secret: secret)
    do {
      let userID = try await registration.register(user, password: password, isAdmin: admin)
      await client.shutdown()
      print("\(userID) is registered.")
    } catch let error as FetchError {
      await client.shutdown()
      throw Failure("The server does not answer: \(error)")
    }
  }

  private func findSecret() throws -> String {
    if let sharedSecret { return sharedSecret }
    do throws(ConfigFailure) {
      let loaded = try HomeserverConfig.load(paths: config.configPath)
      if let secret = loaded.config.accounts.registrationSharedSecret { return secret }
    } catch {
      throw Failure(error.description)
    }
    throw Failure(
      "The configuration has no registration_shared_secret. Set registration_shared_secret_path, "
        + "restart the server and try again.")
  }
}

extension Endpoint {
  /// - Parameter url: scheme, host and port; a path has no meaning here and is not taken.
  init?(url: String) {
    if url.hasPrefix("unix:/") {
      self = .unix(path: String(url.dropFirst("unix:".count)))
      return
    }
    let usesTLS = url.hasPrefix("https://")
    guard usesTLS || url.hasPrefix("http://") else { return nil }
    var rest = url.dropFirst(usesTLS ? "https://".count : "http://".count)
    if rest.last == "/" { rest = rest.dropLast() }
    guard !rest.isEmpty, !rest.contains("/"), !rest.contains("@") else { return nil }
    let usualPort = usesTLS ? 443 : 80
    if rest.first == "[" {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      let host = rest[rest.index(after: rest.startIndex)..<end]
      self.init(host, rest[rest.index(after: end)...], usualPort, usesTLS)
    } else {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      self.init(rest[..<end], rest[end...], usualPort, usesTLS)
    }
  }

  private init?(_ host: Substring, _ port: Substring, _ usualPort: Int, _ usesTLS: Bool) {
    guard !host.isEmpty else { return nil }
    if port.isEmpty {
      self = .tcp(host: String(host), port: usualPort, tls: usesTLS)
      return
    }
    guard port.first == ":", let number = UInt16(port.dropFirst()), number > 0 else { return nil }
    self = .tcp(host: String(host), port: Int(number), tls: usesTLS)
  }
}
