import Executors
import Glibc
import HTTPFetching
import HTTPServing
import Telemetry
import TestKit
import Testing

@Suite struct ListenerTests {
  private static func server(_ configuration: ListenerConfiguration) throws -> HTTPServer {
    HTTPServer(
      configuration: configuration, router: try Router(TestRoutes.all),
      executor: TestLoop.executor, logger: TestServer.quiet, metrics: PrometheusRegistry())
  }

  private static func mode(_ path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  private static func fetch(
    _ endpoint: Endpoint, _ configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> FetchResponse {
    let client = HTTPClient(executor: TestLoop.executor, configuration: configuration)
    let request = FetchRequest(endpoint: endpoint, method: .get, path: "/versions")
    do {
      let response = try await client.send(request)
      await client.shutdown()
      return response
    } catch {
      await client.shutdown()
      throw error
    }
  }

  @Test func aTakenPortIsNamedWithItsKey() async throws {
    try await TestServer.with { taken in
      let second = try Self.server(
        ListenerConfiguration(address: .tcp(hosts: ["127.0.0.1"], port: taken.port)))
      let error = await #expect(throws: ListenerError.self) { try await second.start() }
      let text = error?.description ?? ""
      #expect(text.contains("127.0.0.1"))
      #expect(text.contains("\(taken.port)"))
      #expect(text.contains("'listeners'"))
      #expect(error == .addressTaken("port \(taken.port) on 127.0.0.1"))
    }
  }

  @Test func severalHostsShareThePort() async throws {
    let server = try Self.server(
      ListenerConfiguration(address: .tcp(hosts: ["127.0.0.1", "::1", "127.0.0.2"], port: 0)))
    try await server.start()
    let port = try #require(server.port)
    for host in ["127.0.0.1", "::1", "127.0.0.2"] {
      #expect(try await Self.fetch(.tcp(host: host, port: port, tls: false)).status == 200)
    }
    await server.drain(within: .zero)
  }

  @Test func bothWildcardsAreOneListener() async throws {
    let server = try Self.server(
      ListenerConfiguration(address: .tcp(hosts: ["::", "0.0.0.0"], port: 0)))
    try await server.start()
    let port = try #require(server.port)
    for host in ["127.0.0.1", "::1"] {
      #expect(try await Self.fetch(.tcp(host: host, port: port, tls: false)).status == 200)
    }
    await server.drain(within: .zero)
  }

  @Test func anAddressThatIsNotOursIsNamed() async throws {
    let server = try Self.server(
      ListenerConfiguration(address: .tcp(hosts: ["192.0.2.1"], port: 0)))
    let error = await #expect(throws: ListenerError.self) { try await server.start() }
    #expect(error?.description.contains("192.0.2.1") == true)
  }

  @Test func aSocketFileIsServedWithItsMode() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("http.sock")
    let server = try Self.server(
      ListenerConfiguration(address: .unix(path: path, mode: 0o660)))
    try await server.start()
    #expect(Self.mode(path) == 0o660)
    #expect(try await Self.fetch(.unix(path: path)).status == 200)
    await server.drain(within: .zero)
    #expect(access(path, F_OK) != 0)
  }

  @Test func aSocketFileLeftBehindIsReplacedButNotOneInUse() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("http.sock")
    let configuration = ListenerConfiguration(address: .unix(path: path, mode: 0o666))
    let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    close(stale)
    let first = try Self.server(configuration)
    try await first.start()
    let second = try Self.server(configuration)
    await #expect(throws: ListenerError.addressTaken("socket \(path)")) {
      try await second.start()
    }
    #expect(try await Self.fetch(.unix(path: path)).status == 200)
    await first.drain(within: .zero)
  }

  @Test func aFileThatIsNoSocketIsLeftAlone() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("data")
    close(open(path, O_CREAT | O_WRONLY, 0o600))
    let server = try Self.server(
      ListenerConfiguration(address: .unix(path: path, mode: 0o666)))
    await #expect(throws: ListenerError.self) { try await server.start() }
    #expect(access(path, F_OK) == 0)
  }

  @Test func tlsIsServedAndItsCertificateReloads() async throws {
    let folder = try TemporaryFolder()
    try folder.makeCertificate("one")
    let server = try Self.server(
      ListenerConfiguration(
        address: .tcp(hosts: ["127.0.0.1"], port: 0), tls: folder.certificate))
    try await server.start()
    let port = try #require(server.port)
    var trusting = ClientConfiguration()
    trusting.tls.additionalTrustRoots = [folder.file("cert.pem")]
    for host in ["localhost", "127.0.0.1"] {
      let endpoint = Endpoint.tcp(host: host, port: port, tls: true)
      #expect(try await Self.fetch(endpoint, trusting).status == 200)
      let error = await #expect(throws: FetchError.self) { try await Self.fetch(endpoint) }
      #expect(error?.kind == .connectFailed)
      #expect(error?.delivery == .notSent)
    }
    try folder.makeCertificate("two")
    await #expect(throws: FetchError.self) {
      try await Self.fetch(.tcp(host: "localhost", port: port, tls: true), trusting)
    }
    try server.reloadCertificates()
    #expect(
      try await Self.fetch(.tcp(host: "localhost", port: port, tls: true), trusting).status
        == 200)
    unlink(folder.file("key.pem"))
    #expect(throws: ListenerError.self) { try server.reloadCertificates() }
    #expect(
      try await Self.fetch(.tcp(host: "localhost", port: port, tls: true), trusting).status
        == 200)
    await server.drain(within: .zero)
  }

  @Test func plainTextOnATLSListenerIsHungUpOn() async throws {
    let folder = try TemporaryFolder()
    try folder.makeCertificate("one")
    let server = try Self.server(
      ListenerConfiguration(
        address: .tcp(hosts: ["127.0.0.1"], port: 0), tls: folder.certificate))
    try await server.start()
    let port = try #require(server.port)
    try await TestServer.blocking.run {
      let socket = try RawSocket(port: port)
      try socket.send("GET /versions HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(!(try socket.readToEnd().contains("200 OK")))
    }
    await server.drain(within: .zero)
  }

  @Test func aMissingCertificateIsNamed() async throws {
    let files = ListenerConfiguration.TLSFiles(
      certificatePath: "/nonexistent/cert.pem", privateKeyPath: "/nonexistent/key.pem")
    let server = try Self.server(
      ListenerConfiguration(address: .tcp(hosts: ["127.0.0.1"], port: 0), tls: files))
    let error = await #expect(throws: ListenerError.self) { try await server.start() }
    #expect(error?.description.contains("/nonexistent/cert.pem") == true)
  }
}
