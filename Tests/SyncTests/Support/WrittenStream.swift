import Postgres
import Streams
import TestKit

/// A stream that this process writes and reads.
struct WrittenStream<Row: Sendable>: Sendable {
  let reader: StreamReader<Row>
  let writer: WriterID
  let lease: WriterLease
  let committer: StreamCommitter<Row>

  init(
    _ definition: StreamDefinition<Row>, _ hub: ReplicationHub, _ writer: WriterID,
    _ database: Database
  ) {
    self.writer = writer
    reader = hub.makeReader(definition)
    lease = WriterLease(
      stream: definition.name, writer: writer, workerName: "main", database: database,
      logger: TestPostgres.logger)
    committer = StreamCommitter(
      database: database, lease: lease, stream: hub.makeWriter(for: reader, lease: lease),
      logger: TestPostgres.logger)
  }
}
