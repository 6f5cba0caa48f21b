import HTTPFetching
package import MatrixIdentifiers
package import Rooms

/// The way to a room's writer in another process.
package struct RemoteEventPersister: EventPersister {
  private static let answerLimit = 1 << 20

  private let peer: ReplicationPeer

  package init(peer: ReplicationPeer) {
    self.peer = peer
  }

  package func persist(
    _ request: PersistRequest
  ) async throws(PersistError) -> [PersistedEvent] {
    try await post(request.roomID, "events", PersistRequestCodec.encode(request))
  }

  package func close(_ room: RoomID) async throws(PersistError) {
    _ = try await post(room, "close", Array(#"{"close":true}"#.utf8))
  }

  private func post(
    _ room: RoomID, _ action: String, _ body: [UInt8]
  ) async throws(PersistError) -> [PersistedEvent] {
    let answer: Result<[PersistedEvent], PersistError>
    do {
      answer = try await peer.post(
        "/_apus/replication/v1/rooms/\(Self.escaped(room))/\(action)", body,
        answerLimit: Self.answerLimit
      ) { response in
        guard response.status == 200 else {
          return .later(reason: "the room's writer answered with status \(response.status)")
        }
        switch PersistAnswerCodec.decode(response.body) {
        case .failure(.unavailable(let reason)): return .later(reason: reason)
        case let answer: return .done(answer)
        }
      }
    } catch {
      throw .unavailable(reason: error.reason)
    }
    return try answer.get()
  }

  private static func escaped(_ room: RoomID) -> String {
    var text = ""
    for byte in room.text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16, uppercase: true)
        text += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
      }
    }
    return text
  }
}
