import ArgumentParser
import ServerConfig
import WorkerRuntime

struct NginxCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nginx",
    abstract: "Prints the nginx configuration for a server and its workers.",
    discussion: """
      The text belongs into the http block, for example as /etc/nginx/conf.d/apus.conf. It is \
      made from the workers' files and the server's own table of routes: make it again after \
      adding a worker and after an upgrade.
      """)

  @OptionGroup var options: FleetOptions

  @Option(
    help: ArgumentHelp(
      "An argument of nginx's `listen`; may be given several times. 443 and 8448 with a "
        + "certificate, else 80.", valueName: "address"))
  var listen: [String] = []

  @Option(help: "nginx's server_name; the host of public_baseurl by default.")
  var host: String?

  @Option(help: ArgumentHelp("A PEM file with the certificate chain.", valueName: "file"))
  var certificate: String?

  @Option(help: ArgumentHelp("A PEM file with the certificate's key.", valueName: "file"))
  var certificateKey: String?

  func validate() throws {
    if (certificate == nil) != (certificateKey == nil) {
      throw ValidationError("--certificate and --certificate-key belong together")
    }
  }

  func run() async throws {
    let fleet = try options.load()
    var nginx = NginxConfiguration.Options()
    nginx.serverName = host ?? Self.host(of: fleet.main.server.publicBaseURL)
    nginx.certificate = certificate
    nginx.certificateKey = certificateKey
    nginx.maximumBodyBytes = fleet.main.media.maximumUploadBytes
    if !listen.isEmpty {
      nginx.listen = listen
    } else if certificate != nil {
      nginx.listen = ["443", "[::]:443", "8448", "[::]:8448"]
    }
    let text = NginxConfiguration.render(
      routes: try RouteTable.summaries(), fleet: fleet, options: nginx)
    print(text, terminator: "")
  }

  private static func host(of url: String) -> String {
    let rest = url.split(separator: "/").dropFirst().first ?? "_"
    if rest.first == "[" { return "_" }
    return String(rest.prefix { $0 != ":" })
  }
}
