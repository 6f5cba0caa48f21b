import Logging
import MatrixIdentifiers
import Postgres
import PushRules
import Streams

extension EventWriter {
  private static let deleteHead = Statement(
    "writer_close_room", "DELETE FROM room_heads WHERE room_id = $1")

  /// Takes from a room its head, which all that is written builds on. The caller may try again.
  func closing(_ room: RoomID) async -> Result<Void, PersistError> {
    heads.remove(room)
    do {
      try await database.transaction { [lease] transaction in
        _ = try await transaction.queryAll([
          lease.fence(), Query(Self.deleteHead, [.text(room.text)]),
        ])
      }
      stream.committed([])
      push?.forget([room])
      return .success(())
    } catch {
      logger.warning("a room was not closed", metadata: ["error": "\(error)"])
      _ = await recovered(from: error)
      return .failure(.unavailable(reason: "the room could not be closed"))
    }
  }
}
