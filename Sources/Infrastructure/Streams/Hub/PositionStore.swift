import Postgres

/// The positions of all writers of all streams: how far each has certainly come.
enum PositionStore {
  private static let positions = Statement(
    "streams_positions", "SELECT stream, instance_id, position FROM stream_positions")

  static let query = Query(positions)

  /// Streams that this version does not know are left out.
  static func read(_ rows: Rows) -> [StreamName: [WriterID: Int64]] {
    var all: [StreamName: [WriterID: Int64]] = [:]
    for row in 0..<rows.count {
      guard let stream = rows.text(row, 0).flatMap(StreamName.init(rawValue:)),
        let raw = rows.int(row, 1).flatMap({ Int32(exactly: $0) }),
        let position = rows.int(row, 2)
      else { continue }
      all[stream, default: [:]][WriterID(raw: raw)] = position
    }
    return all
  }
}
