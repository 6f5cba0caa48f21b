import Postgres
import ServerConfig
import Streams
import Telemetry

/// How a process stands with Postgres and with the rest of the fleet, under Synapse's names where
/// those mean the same. Looked up when somebody asks.
enum FleetMetrics {
  static func register(_ platform: Platform, _ hub: ReplicationHub) {
    let (database, usesRedis) = (platform.database, platform.config.redis.enabled)
    platform.metrics.addCollector { writer in
      collect(database, into: &writer)
      collect(hub.facts, usesRedis: usesRedis, into: &writer)
    }
  }

  /// Synapse has a thread for each connection that a transaction may hold.
  private static func collect(_ database: Database, into writer: inout PrometheusWriter) {
    let (facts, configuration) = (database.facts, database.configuration)
    let pool: [(String, String, Int)] = [
      (
        "synapse_threadpool_total_threads", "Connections for transactions that are open.",
        facts.exclusive
      ),
      (
        "synapse_threadpool_working_threads", "Connections that transactions hold.", facts.held
      ),
      (
        "synapse_threadpool_min_threads", "Connections for transactions opened at the start.",
        configuration.minimumExclusiveConnections
      ),
      (
        "synapse_threadpool_max_threads", "Connections for transactions that may be open.",
        configuration.exclusiveConnections
      ),
    ]
    for (name, help, value) in pool {
      put(name, help, [("name", "database-master")], value, &writer)
    }
    put(
      "apus_postgres_waiting_transactions", "Transactions that wait for a connection.", [],
      facts.waiting, &writer)
    put(
      "apus_postgres_shared_connections", "Open connections for single statements.", [],
      facts.shared, &writer)
    put(
      "apus_postgres_round_trips", "Single statements that are not answered yet.", [],
      facts.roundTrips, &writer)
  }

  private static func collect(
    _ facts: ReplicationFacts, usesRedis: Bool, into writer: inout PrometheusWriter
  ) {
    if usesRedis {
      put(
        "synapse_replication_tcp_resource_total_connections",
        "1 while messages of the other processes arrive over Redis.", [],
        facts.isConnected ? 1 : 0, &writer)
    }
    let families: [(String, PrometheusWriter.Kind, String, (ReplicationFacts.Stream) -> Int64)] = [
      (
        "synapse_storage_stream_current_position", .gauge,
        "Up to where the process has delivered the stream.", { $0.position }
      ),
      (
        "apus_replication_lag_positions", .gauge,
        "Positions that are known to exist and not delivered yet.", { $0.lag }
      ),
      (
        "synapse_replication_tcp_command_queue", .gauge,
        "Batches that wait for what comes before them.", { Int64($0.waiting) }
      ),
      (
        "synapse_replication_tcp_protocol_inbound_rdata_count_total", .counter,
        "Batches of rows that came over Redis.", { Int64($0.received) }
      ),
    ]
    for (name, kind, help, value) in families {
      writer.family(name, kind: kind, help: help)
      for stream in facts.streams {
        writer.sample(name, labels: [("stream_name", stream.name.rawValue)], Double(value(stream)))
      }
    }
  }

  private static func put(
    _ name: String, _ help: String, _ labels: [(String, String)], _ value: Int,
    _ writer: inout PrometheusWriter
  ) {
    writer.family(name, kind: .gauge, help: help)
    writer.sample(name, labels: labels, Double(value))
  }
}
