import Executors
package import HTTPServing
import NIOPosix
import ServerConfig
import Streams
import Telemetry

/// Every route of the server, for those who describe it: the proxy's map, the documents and the
/// tests. Nothing is started and no route can be called.
package enum RouteTable {
  /// The main process of a fleet has every route that any process has.
  private static let description = """
    server_name: routes.invalid
    signing_key: "ed25519 0 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1"
    database: {name: postgres, args: {}}
    worker_replication_secret: none
    listeners: []
    """

  /// - Throws: `ConfigFailure` when the description of the table is wrong.
  package static func routes() throws -> [Route] {
    let config = try HomeserverConfig.load(text: description).config
    let executor = LoopExecutor(loop: MultiThreadedEventLoopGroup.singleton.next())
    let platform = Platform(config: config, executor: executor, metrics: PrometheusRegistry())
    let streams = EventStreams(platform, writerID: WriterID(raw: 0))
    return RoleParts(platform, streams).routes
  }
}
