import HTTPFetching
import MatrixJSON
package import Streams

/// The way to the owner of a stream in another process.
package struct RemoteStreamOwner: StreamOwner {
  private static let answerLimit = 8 << 20

  private let peer: ReplicationPeer

  package init(peer: ReplicationPeer) {
    self.peer = peer
  }

  package func call(_ call: OwnerCall) async throws(OwnerError) -> [UInt8] {
    let stream = call.stream.rawValue
    let answer: Result<[UInt8], OwnerError>
    do {
      answer = try await peer.post(
        "/_apus/replication/v1/streams/\(stream)/\(call.action)", call.body,
        answerLimit: Self.answerLimit
      ) { response in
        switch response.status {
        case 200: .done(.success(response.body))
        case 400..<500: OwnerAnswerCodec.refusal(response.body)
        default:
          .later(reason: "the writer of \(stream) answered with status \(response.status)")
        }
      }
    } catch {
      throw .unavailable(reason: error.reason)
    }
    return try answer.get()
  }
}

/// How an owner's refusal looks between processes.
enum OwnerAnswerCodec {
  static func encode(status: Int, code: String, reason: String) -> [UInt8] {
    JSON.object([
      "status": .integer(Int64(status)), "code": .string(code), "reason": .string(reason),
    ])
    .bytes
  }

  /// An answer that is none of an owner's (a path that it does not have) may be another's.
  static func refusal(_ body: [UInt8]) -> ReplicationPeer.Reading<Result<[UInt8], OwnerError>> {
    guard let root = try? JSONDocument(body).root,
      let status = root["status"]?.integer.flatMap({ Int(exactly: $0) }),
      let code = root["code"]?.string
    else { return .later(reason: "a stream's writer refused to be called") }
    return .done(
      .failure(.refused(status: status, code: code, reason: root["reason"]?.string ?? "")))
  }
}
